"""Pictures of sweeps that read well in grey and for colour-blind eyes."""
