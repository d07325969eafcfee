"""What programs may call, as a stranger's script calls it."""
