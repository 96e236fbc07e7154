"""latentlab: a desktop instrument for playing the latent space of a DCGAN."""

__version__ = "0.1.0"
