"""Changing an environment wholly or not at all: a generation built aside, one flip.

`places` what stands where in an environment · `state` what a generation is, recorded in it, and whether the disk
still agrees · `compose` what a generation holds, as a value · `link` files from the store by clone, hard link or
copy · `generation` building one aside · `commit` the flip and the swap of a whole folder, sweeping, recovery ·
`carry` what is people's own into a new environment · `foreign` what others made · `apply` all of it in order,
under the lock.

Proof: `planned` the tree that an environment should be, row by row · `digest` one name for it · `verify` the tree
compared with the disk · `bytecode`, by the `programs` that an interpreter runs for us, compared with its source ·
`inventory` the tree as a document.
"""
