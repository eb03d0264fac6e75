package main

import (
	"cmp"
	"runtime/debug"
	"strings"
)

// version says what was built, as far as the build knows.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "usher, built without knowing what it is"
	}
	return describe(info)
}

func describe(info *debug.BuildInfo) string {
	set := map[string]string{}
	for _, s := range info.Settings {
		set[s.Key] = s.Value
	}
	said := []string{"usher " + cmp.Or(info.Main.Version, "(devel)")}
	if revision := set["vcs.revision"]; revision != "" {
		said = append(said, "revision "+revision[:min(12, len(revision))])
	}
	if set["vcs.modified"] == "true" {
		said = append(said, "modified")
	}
	return strings.Join(append(said, info.GoVersion), ", ")
}
