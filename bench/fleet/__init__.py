"""Beyond one database: a capacity model fitted to measured costs, and a simulation of cells checked against reality."""
