"""Run with ITSD set to the daemon's path: python3 -m unittest discover -t . -s tests"""
