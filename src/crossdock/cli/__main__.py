from crossdock.cli import main

if __name__ == "__main__":  # a child process that evaluates expressions imports this module, too
    main()
