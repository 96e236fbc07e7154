"""Numbers for how good a generator is: one file an idea, each formula one function, cited. Imports no torch."""
