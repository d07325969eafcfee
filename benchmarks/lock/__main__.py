from benchmarks.lock.cli import main

main()
