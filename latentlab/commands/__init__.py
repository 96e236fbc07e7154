"""The commands, one file each; heavy imports happen inside `run`, never at module level."""
