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

// release is the version alone.
func release() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return released(info)
}

// released is the version of the module, as far as the build knows it.
func released(info *debug.BuildInfo) string { return cmp.Or(info.Main.Version, "(devel)") }

func describe(info *debug.BuildInfo) string {
	set := map[string]string{}
	for _, s := range info.Settings {
		set[s.Key] = s.Value
	}
	said := []string{"usher " + released(info)}
	if revision := set["vcs.revision"]; revision != "" {
		said = append(said, "revision "+revision[:min(12, len(revision))])
	}
	if set["vcs.modified"] == "true" {
		said = append(said, "modified")
	}
	return strings.Join(append(said, info.GoVersion), ", ")
}
