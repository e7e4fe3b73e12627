"""What is measured: one module per group of figures that are taken in the same rounds."""
