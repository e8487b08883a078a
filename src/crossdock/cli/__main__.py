from crossdock.cli.app import main

main()
