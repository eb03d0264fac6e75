package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// usage is what a subject says whenever it is asked, which is by a line.
type usage struct {
	CPU       time.Duration // since it began, in all its threads
	RSS, Peak int64         // bytes of memory, now and at most so far
	Wrote     int64         // bytes for disks, since it began
}

// used is what this process has used.
func used() (usage, error) {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return usage{}, fmt.Errorf("getrusage: %w", err)
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return usage{}, fmt.Errorf("read memory: %w", err)
	}
	written, err := os.ReadFile("/proc/self/io")
	if err != nil {
		return usage{}, fmt.Errorf("read what was written: %w", err)
	}
	return usage{
		CPU: time.Duration(r.Utime.Nano() + r.Stime.Nano()),
		RSS: field(string(status), "VmRSS:") << 10, Peak: field(string(status), "VmHWM:") << 10,
		Wrote: field(string(written), "\nwrite_bytes:"),
	}, nil
}

// field is the number behind a name in a file of /proc, without its unit; 0 if
// there is none.
func field(file, name string) int64 {
	_, rest, _ := strings.Cut(file, name)
	line, _, _ := strings.Cut(rest, "\n")
	n, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(line, "kB")), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// ticks is how many of the clock ticks of /proc/PID/stat are in a second. The
// kernel gives no other number to programs on any platform that Go runs on.
const ticks = 100

// usedBelow is what a process that is not ours has used, with its children: those
// that live and those that it has waited for (man 5 proc_pid_stat). What it wrote is
// what it gave to write(2), which it does not use for sockets: write_bytes counts all
// of the memory that the system keeps a part of a large file in, 256 KiB for a page.
func usedBelow(pid int) (all usage) {
	for _, one := range append(childrenOf(pid), pid) {
		stat, ok := statOf(one)
		if !ok {
			continue // it ended just now, and its parent has its time
		}
		spent := stat.own
		if one == pid {
			spent += stat.waited
		}
		all.CPU += time.Duration(spent) * time.Second / ticks
		if written, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", one)); err == nil {
			all.Wrote += field(string(written), "\nwchar:")
		}
	}
	return all
}

// stat is what we read of /proc/PID/stat.
type stat struct {
	parent      int
	own, waited int64 // ticks, of its own and of children that it has waited for
}

func statOf(pid int) (s stat, ok bool) {
	file, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return s, false
	}
	return parseStat(string(file))
}

// parseStat counts fields from behind the name, which may hold spaces.
func parseStat(file string) (s stat, ok bool) {
	f := strings.Fields(file[strings.LastIndexByte(file, ')')+1:])
	if len(f) < 15 {
		return s, false
	}
	var n [15]int64
	for _, i := range []int{1, 11, 12, 13, 14} {
		var err error
		if n[i], err = strconv.ParseInt(f[i], 10, 64); err != nil {
			return s, false
		}
	}
	return stat{parent: int(n[1]), own: n[11] + n[12], waited: n[13] + n[14]}, true
}

func childrenOf(pid int) (all []int) {
	dirs, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	for _, d := range dirs {
		child, err := strconv.Atoi(d.Name())
		if err != nil {
			continue
		}
		if s, ok := statOf(child); ok && s.parent == pid {
			all = append(all, child)
		}
	}
	return all
}
