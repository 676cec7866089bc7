"""What comes out: feedback pages, the class report, tables for course systems, similar pairs."""
