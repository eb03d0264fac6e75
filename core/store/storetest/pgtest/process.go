//go:build unix

package pgtest

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"strings"
	"syscall"
)

// guard is a shell that runs the server until its own input ends, as it does at
// the latest when the process ends that made it. The server's alone is the error
// output: where that ends, the last of its processes has.
const guard = `"$@" & exec 2>&-; read -r _; kill -INT $!; wait`

// process is a server that runs.
type process struct {
	cmd   *exec.Cmd
	input io.Closer
	ready chan struct{} // closed once it lets clients in
	gone  chan struct{} // closed when all of its processes have ended
	log   bytes.Buffer  // to be read after that
}

func run(as *syscall.SysProcAttr, dir string, args ...string) (*process, error) {
	cmd := exec.CommandContext(context.Background(), "sh", append([]string{"-c", guard, "sh"}, args...)...)
	cmd.Dir, cmd.SysProcAttr = dir, as
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = in
	err = cmd.Start()
	in.Close() // the child has its own
	if err != nil {
		return nil, fmt.Errorf("start the server: %w", err)
	}
	p := &process{cmd: cmd, input: input, ready: make(chan struct{}), gone: make(chan struct{})}
	go p.listen(out)
	return p, nil
}

// listen reads what the server says of itself until it ends.
func (p *process) listen(out io.ReadCloser) {
	defer close(p.gone)
	defer out.Close()
	lines, ready := bufio.NewScanner(out), p.ready
	for lines.Scan() {
		fmt.Fprintln(&p.log, lines.Text())
		if ready != nil && strings.Contains(lines.Text(), "ready to accept connections") {
			close(ready)
			ready = nil
		}
	}
}

func (p *process) end() error {
	if err := p.input.Close(); err != nil {
		return err
	}
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("stop the server: %w", err)
	}
	return nil
}

// unprivileged is how to start a server, which refuses to be root.
func unprivileged() (*syscall.SysProcAttr, error) {
	as := &syscall.SysProcAttr{}
	if os.Geteuid() != 0 {
		return as, nil
	}
	other, err := user.Lookup("postgres")
	if err != nil {
		other, err = user.Lookup("nobody")
	}
	if err != nil {
		return nil, fmt.Errorf("find a user to run the server as: %w", err)
	}
	uid, err := strconv.ParseUint(other.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(other.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	as.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return as, nil
}
