"""Mathematics of latents: priors, interpolation, arithmetic, directions. numpy only."""
