"""The corrigibility–autonomy dial on a population."""
