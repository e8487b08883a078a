"""`crossdock bench`: what this installation does on this machine, each figure beside a yardstick of the same minute.

A suite measures its subject and what it is compared with in turns, several times, and gives medians, spread and ratios.
While anything is measured, the processor time of everything that is not ours is measured too: a run on a busy machine
says so. A suite that fails is reported and the others go on.

    machine   what the machine is, and who else used it meanwhile
    figures   medians, percentiles, the goals
    lab       an embedded database of one's own, processes, pgbench
    child     what runs in processes of their own: workers with null effects, null servers, clients
    suites/   one module a suite
    report    the JSON file, plots and a page
"""
