"""What runs beside a student's code: in the sandbox, and for `check` in the student's own session.

The sandbox sees this folder and nothing else of the project. Nothing in it is secret.
"""
