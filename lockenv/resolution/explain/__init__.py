"""Why there is no solution, as facts, and as short prose that is a function of them.

failure        what is explained: `Failure`, one target's dead end
minimal        the core of a dead end: the fewest of its demands that still have no solution
fates          what became of the versions of one package
wheels         what a release has wheels for
story          `Story`: what a person has to know, as values
versions       what a core demands of each package, and which versions of it could be used
account        from a core to its facts
scene          what a remedy has to serve: all targets of a story
hints          what may help; `remedies` where versions in range are out: for want of `files`, for their `pythons`
names          names that people mistype
places         which targets are concerned, in words
prose          a story as lines; `ranges` has sets of versions in words, `verdict` the first line
derivation     the whole derivation, for `-v`
document       stories for `--json`
impossible     `explain`: several failures in, one error out
"""
