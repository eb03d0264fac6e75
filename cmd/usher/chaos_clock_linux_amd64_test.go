package main

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// setClock sets the wall clock of a replica, and of nobody else, this far ahead of
// the true one. Timers and the monotonic clock go on as they were, as they do when an
// operator sets the clock of a machine.
//
// Programs read clocks by a function that the kernel puts into their memory, the
// vDSO; in a process's own copy of it another one takes its place.
func (r *replica) setClock(t *testing.T, ahead time.Duration) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cmd == nil || r.frozen > 0 {
		return
	}
	r.w.note(event{what: struck})
	r.cmd.Process.Signal(syscall.SIGSTOP)
	defer r.cmd.Process.Signal(syscall.SIGCONT)
	if err := setClock(r.cmd.Process.Pid, int64(ahead/time.Second)); err != nil {
		t.Errorf("set the clock of a replica: %v", err)
	}
}

// stopped waits until no thread of a process runs.
func stopped(pid int) error {
	for {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || bytes.Contains(stat, []byte(") T ")) || bytes.Contains(stat, []byte(") Z ")) {
			return err
		}
		runtime.Gosched()
	}
}

func setClock(pid int, seconds int64) error {
	if err := stopped(pid); err != nil {
		return err
	}
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		return err
	}
	var from, to int64
	for line := range strings.Lines(string(maps)) {
		if strings.HasSuffix(line, "[vdso]\n") {
			fmt.Sscanf(line, "%x-%x", &from, &to)
		}
	}
	memory, err := os.OpenFile(fmt.Sprintf("/proc/%d/mem", pid), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer memory.Close()
	image := make([]byte, to-from)
	if _, err := memory.ReadAt(image, from); err != nil {
		return err
	}
	vdso, err := elf.NewFile(bytes.NewReader(image))
	if err != nil {
		return err
	}
	symbols, err := vdso.DynamicSymbols()
	if err != nil {
		return err
	}
	for _, s := range symbols {
		if s.Name == "__vdso_clock_gettime" {
			_, err := memory.WriteAt(clockGettime(seconds), from+int64(s.Value))
			return err
		}
	}
	return fmt.Errorf("no clock_gettime in %d bytes of vDSO", len(image))
}

// clockGettime is clock_gettime(edi, rsi) by a system call, where the wall clock is
// that many seconds ahead.
func clockGettime(seconds int64) []byte {
	code := []byte{
		0xb8, 228, 0, 0, 0, // mov eax, 228: clock_gettime
		0x0f, 0x05, // syscall
		0x85, 0xff, // test edi, edi: CLOCK_REALTIME is 0
		0x75, 13, // jnz to the end
		0x48, 0xb9, // mov rcx, seconds
	}
	code = binary.LittleEndian.AppendUint64(code, uint64(seconds))
	return append(code,
		0x48, 0x01, 0x0e, // add [rsi], rcx: tv_sec
		0xc3) // ret
}
