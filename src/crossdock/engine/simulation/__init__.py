"""The real host on a virtual clock: the same worker, committer and interpreter on the same PostgreSQL, hurt by a seed.

    loop        an event loop whose time jumps, and stands still while the database works
    wires       connections whose every statement takes seeded time, may fail, and dies with its worker
    systems     what workers call: with keys and without, answering late, wrongly, or never
    workflows   what is run
    world       one seed: instances are begun, workers live and die, facts come twice, late and out of order
    invariants  what must hold, now and in the end
    seeds       one seed after another in several processes; the first that fails is told so that it can be run again

Beside it, for people who write workflows: `rehearsal` runs their definition through an outage and `chart` draws it.
"""
