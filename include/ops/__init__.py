"""The schema `ops`: what the pipeline knows about itself. Every write to it stands here."""
