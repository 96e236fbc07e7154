"""What this machine does with latentlab: start, slider to pixels, strips, throughput, export, training, memory.

Every figure stands beside the alternative that a user would pick, taken in turns with it in the same run. Each part is
a module with `measure`; what must not share a process with anything else runs in `latentlab.bench.children`.
"""
