package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
)

// errNoPostgres is returned where PostgreSQL is not installed.
var errNoPostgres = errors.New("no initdb and postgres found: install PostgreSQL, or name other stores")

// startCluster makes a PostgreSQL of its own, with the settings that it comes with:
// what it commits is on disk. It is reached by a socket in its folder.
func startCluster(ctx context.Context) (_ *database, err error) {
	bin, err := postgresPrograms()
	if err != nil {
		return nil, err
	}
	dir, err := temporary()
	if err != nil {
		return nil, err
	}
	remove := func() error { return os.RemoveAll(dir) }
	defer func() {
		if err != nil {
			err = errors.Join(err, remove())
		}
	}()
	as, err := notRoot(dir)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	run := func(name string, args ...string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, filepath.Join(bin, name), args...) //nolint:gosec // it is PostgreSQL's
		cmd.Dir, cmd.SysProcAttr = dir, as
		return cmd
	}
	if said, err := run("initdb", "-D", data, "-U", "usher", "-A", "trust", "-E", "UTF8", "--locale", "C").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, said)
	}
	server := run("postgres", "-D", data, "-k", dir, "-c", "listen_addresses=")
	if err := server.Start(); err != nil {
		return nil, fmt.Errorf("start postgres: %w", err)
	}
	db := &database{
		name: "postgres:///postgres?user=usher&host=" + url.QueryEscape(dir), pid: server.Process.Pid, replicas: 2,
		close: func() error { return errors.Join(shutDown(server), remove()) },
	}
	err = until(ctx, func() (bool, error) { return run("pg_isready", "-q", "-h", dir).Run() == nil, nil })
	if err != nil {
		return nil, errors.Join(fmt.Errorf("wait for postgres: %w", err), shutDown(server))
	}
	return db, nil
}

// shutDown ends a server that does not wait for those who still ask.
func shutDown(server *exec.Cmd) error {
	if err := server.Process.Signal(syscall.SIGINT); err != nil {
		return fmt.Errorf("stop postgres: %w", err)
	}
	if err := server.Wait(); err != nil {
		return fmt.Errorf("stop postgres: %w", err)
	}
	return nil
}

// postgresPrograms is where they are: on the path, or where Debian puts them, newest
// last.
func postgresPrograms() (dir string, err error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", fmt.Errorf("find initdb: %w", err)
	}
	if initdb, err := exec.LookPath("initdb"); err == nil {
		found = append(found, initdb)
	}
	for _, initdb := range slices.Backward(found) {
		if initdb, err := filepath.EvalSymlinks(initdb); err == nil {
			return filepath.Dir(initdb), nil
		}
	}
	return "", errNoPostgres
}

// notRoot is whom the server runs as where we are root, which it refuses to be: the
// user that its package made. The folder becomes theirs.
func notRoot(dir string) (*syscall.SysProcAttr, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("find whom to run PostgreSQL as: %w", err)
	}
	uid, uidErr := strconv.Atoi(u.Uid)
	gid, gidErr := strconv.Atoi(u.Gid)
	if err := errors.Join(uidErr, gidErr, os.Chown(dir, uid, gid)); err != nil {
		return nil, fmt.Errorf("give a folder to PostgreSQL: %w", err)
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
}
