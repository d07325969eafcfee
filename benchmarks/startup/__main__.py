from benchmarks.startup.cli import main

main()
