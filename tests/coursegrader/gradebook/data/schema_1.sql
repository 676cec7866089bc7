CREATE TABLE assignment (
    name TEXT PRIMARY KEY,
    fingerprint TEXT,
    secret BLOB
) STRICT;
CREATE TABLE submission (
    number INTEGER PRIMARY KEY,
    assignment TEXT NOT NULL REFERENCES assignment (name),
    id TEXT NOT NULL,
    student TEXT NOT NULL,
    platform_id TEXT NOT NULL,
    filename TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    submitted TEXT,
    late INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    result TEXT NOT NULL,
    UNIQUE (assignment, id)
) STRICT;
CREATE TABLE refused (
    assignment TEXT NOT NULL REFERENCES assignment (name),
    name TEXT NOT NULL,
    reason TEXT NOT NULL
) STRICT;
CREATE TABLE manual (
    assignment TEXT NOT NULL REFERENCES assignment (name),
    student TEXT NOT NULL,
    adjustment TEXT NOT NULL,
    comment TEXT NOT NULL,
    PRIMARY KEY (assignment, student)
) STRICT;
CREATE TABLE override (
    assignment TEXT NOT NULL REFERENCES assignment (name),
    student TEXT NOT NULL,
    test TEXT NOT NULL,
    earned TEXT NOT NULL,
    comment TEXT NOT NULL,
    PRIMARY KEY (assignment, student, test)
) STRICT;
