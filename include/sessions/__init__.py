"""Sessions on both servers: how many there may be, who holds which table, what errors mean."""
