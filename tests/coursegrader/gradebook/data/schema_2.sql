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

CREATE TABLE person (
    assignment TEXT NOT NULL REFERENCES assignment (name),
    student TEXT NOT NULL,
    name TEXT NOT NULL,
    number TEXT NOT NULL,
    system TEXT NOT NULL,
    logins TEXT NOT NULL DEFAULT '[]',
    on_roster INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (assignment, student)
) STRICT;
CREATE TABLE member (
    assignment TEXT NOT NULL REFERENCES assignment (name),
    team TEXT NOT NULL,
    student TEXT NOT NULL,
    PRIMARY KEY (assignment, team, student)
) STRICT;
PRAGMA application_id = 1347703879;
PRAGMA user_version = 2
