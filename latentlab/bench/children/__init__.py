"""What runs in a process of its own: ``python -m latentlab.bench.children.<name> REQUEST``, both ways JSON.

Thread pools of two libraries in one process get in each other's way, and a window that has never seen torch is another
than one that has.
"""
