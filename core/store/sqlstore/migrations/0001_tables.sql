-- Times are milliseconds since 1970, NULL is never. Ids are text. Blobs are
-- sealed, NULL is an empty one. INT is for what is true or false. This is the SQL
-- of SQLite; postgres.go has the words for PostgreSQL. WITHOUT ROWID spares small
-- rows a second tree.

CREATE TABLE person (
	id TEXT PRIMARY KEY NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE chatuser (
	platform TEXT NOT NULL,
	team     TEXT NOT NULL,
	user_id  TEXT NOT NULL,
	person   TEXT NOT NULL,
	PRIMARY KEY (platform, team, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX chatuser_person ON chatuser (person);

CREATE TABLE login (
	id          TEXT PRIMARY KEY NOT NULL,
	person      TEXT NOT NULL,
	provider    TEXT NOT NULL,
	kind        TEXT NOT NULL,
	state       TEXT NOT NULL,
	sealed      BLOB,
	origin      BLOB,
	place       TEXT NOT NULL,
	interval_ms INTEGER NOT NULL,
	expires_at  INTEGER,
	due_at      INTEGER,
	wake_at     INTEGER,
	shown       INT NOT NULL DEFAULT FALSE,
	start_hash  BLOB,
	back_hash   BLOB,
	created_at  INTEGER NOT NULL,
	ended_at    INTEGER,              -- NULL: the login is open
	changed_at  INTEGER,              -- by whomever
	owner       TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE UNIQUE INDEX login_open ON login (person, provider) WHERE ended_at IS NULL;
CREATE UNIQUE INDEX login_start ON login (start_hash) WHERE start_hash IS NOT NULL;
CREATE UNIQUE INDEX login_back ON login (back_hash) WHERE back_hash IS NOT NULL;
CREATE INDEX login_of_person ON login (person, created_at);
CREATE INDEX login_from_place ON login (place, created_at);
CREATE INDEX login_at_provider ON login (provider, created_at);
CREATE INDEX login_owner ON login (owner) WHERE ended_at IS NULL;
CREATE INDEX login_changed ON login (owner, changed_at) WHERE changed_at IS NOT NULL;
CREATE INDEX login_ended ON login (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE account (
	id              TEXT PRIMARY KEY NOT NULL,
	person          TEXT NOT NULL,
	provider        TEXT NOT NULL,
	issuer          TEXT NOT NULL,
	subject         TEXT NOT NULL,
	name            TEXT NOT NULL,
	url             TEXT NOT NULL,
	scopes          TEXT NOT NULL,
	sealed          BLOB,
	version         INTEGER NOT NULL DEFAULT 1,
	state           TEXT NOT NULL DEFAULT '',
	expires_at      INTEGER,
	refresh_at      INTEGER,
	refresh_sent_at INTEGER,
	tries           INTEGER NOT NULL DEFAULT 0,
	linked_by       TEXT NOT NULL,
	linked_at       INTEGER,
	UNIQUE (person, provider)
) STRICT;
CREATE INDEX account_identity ON account (issuer, subject);
CREATE INDEX account_refresh ON account (refresh_at) WHERE refresh_at IS NOT NULL;

-- AUTOINCREMENT: a seq is never given twice, not even after the newest row went.
CREATE TABLE outbox (
	seq        INTEGER PRIMARY KEY AUTOINCREMENT,
	key        TEXT NOT NULL UNIQUE,
	person     TEXT NOT NULL,
	payload    TEXT NOT NULL,
	try_at     INTEGER,
	tries      INTEGER NOT NULL DEFAULT 0,
	give_up_at INTEGER,
	owner      TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX outbox_due ON outbox (try_at);
CREATE INDEX outbox_of_person ON outbox (person, seq);

CREATE TABLE note (
	key        TEXT PRIMARY KEY NOT NULL,
	value      BLOB,
	expires_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX note_expires ON note (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE replica (
	id          TEXT PRIMARY KEY NOT NULL,
	lease_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE lease (
	key     TEXT PRIMARY KEY NOT NULL,
	replica TEXT NOT NULL
) STRICT, WITHOUT ROWID;
