package main

import (
	"runtime/debug"
	"strings"
	"testing"
)

// said is what a command line prints, and its exit code.
func said(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e output
	code = run(t.Context(), args, nil, &o, &e)
	return code, o.String(), e.String()
}

func TestSecret(t *testing.T) {
	code, one, errs := said(t, "secret")
	_, other, _ := said(t, "secret")
	if code != 0 || errs != "" || len(strings.TrimSpace(one)) < 43 || strings.Count(one, "\n") != 1 {
		t.Errorf("got %q, %q and code %d, want one line of at least 43 characters", one, errs, code)
	}
	if one == other {
		t.Error("got the same secret twice")
	}
}

func TestCommandLines(t *testing.T) {
	for _, tt := range []struct {
		name      string
		args      []string
		code      int
		out, errs string
	}{
		{"version", []string{"version"}, 0, "usher ", ""},
		{"manifest for sockets", []string{"manifest", "slack", "--name", "helper"}, 0, "{\n  \"_metadata\"", ""},
		{"manifest for HTTP", []string{"manifest", "slack", "--public-url", "https://bot.example"}, 0, "{\n  \"_metadata\"", ""},
		{"manifest for a platform that needs none", []string{"manifest", "pigeon"}, 1, "", "usher: for which platform?"},
		{"keys", []string{"keys"}, 1, "", "usher: what about the keys?"},
		{"how to change the secret", []string{"keys", "rotate", "--help"}, 0, "Remove USHER_SECRET_PREVIOUS", ""},
		{"--version", []string{"--version"}, 0, "usher ", ""},
		{"nothing", nil, 0, "serve ", ""},
		{"help", []string{"serve", "--help"}, 0, "--env-file FILE", ""},
		{"no such command", []string{"sevre"}, 1, "", "usher: unknown command \"sevre\""},
		{"no such flag", []string{"serve", "--evn-file=x"}, 1, "", "usher: unknown flag: --evn-file"},
		{"too much", []string{"serve", "x"}, 1, "", "usher: unknown command \"x\""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, out, errs := said(t, tt.args...)
			if code != tt.code || !strings.Contains(out, tt.out) || !strings.Contains(errs, tt.errs) || (errs == "") != (tt.errs == "") {
				t.Errorf("got code %d,\n%s\n%s\nwant %d, %q and %q", code, out, errs, tt.code, tt.out, tt.errs)
			}
		})
	}
}

func TestDescribe(t *testing.T) {
	for _, tt := range []struct {
		name string
		info debug.BuildInfo
		want string
	}{
		{"installed", debug.BuildInfo{GoVersion: "go1.26.0", Main: debug.Module{Version: "v0.2.0"}}, "usher v0.2.0, go1.26.0"},
		{"built here", debug.BuildInfo{GoVersion: "go1.26.0", Main: debug.Module{Version: "v0.2.0"}, Settings: []debug.BuildSetting{
			{Key: "vcs.revision", Value: "0123456789abcdef"}, {Key: "vcs.modified", Value: "true"},
		}}, "usher v0.2.0, revision 0123456789ab, modified, go1.26.0"},
		{"knows little", debug.BuildInfo{GoVersion: "go1.26.0"}, "usher (devel), go1.26.0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := describe(&tt.info); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
