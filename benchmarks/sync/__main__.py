from benchmarks.sync.cli import main

main()
