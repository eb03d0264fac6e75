package core_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	modulePath = "github.com/usherbot/usher/"
	interop    = "authflow/interop" // a module of its own, of tests
)

// importRules says which of our packages a package may import. The first row whose from covers the
// importing package counts; a package that no row covers is an error.
//
// A pattern covers a folder and all below it, with $ at its end that folder alone; * stands for
// one name, .. for the folder above the importing package; what ! covers is forbidden.
// Test files may import everything but cmd; in interop, which is all tests, its row counts.
var importRules = []struct{ from, may string }{
	{"core/markup", ""},
	{"core/seal", ""},
	{"core/store/sqlstore", "core/store$ core/seal"}, // its settings may hold a password
	{"core/store/*", "core/store$"},
	{"core/replica", "core/store$"},
	{"core/store", ""},
	{"core/coretest/pipe", ""},
	{"core/coretest/stand", "core/coretest/pipe"},
	{"core/coretest", "core authflow"},
	{"core/reach", "core$"},
	{"core", "authflow$ core/markup core/replica core/seal core/store$"}, // does not know any platform
	{"authflow/provider", "authflow$ core/seal"},
	{"authflow/authtest", "authflow$ core/seal core/coretest/pipe core/coretest/stand"},
	{interop, "adapters authflow core"},
	{"authflow", "core/replica core/seal core/store$"}, // does not know what a chat is
	{"adapters/adaptertest", "core authflow"},
	{"adapters/bottest", "adapters core authflow"},
	{"adapters/*/*test", "..$ core$ core/coretest core/seal"},
	{"adapters/*", "core$ core/markup core/reach core/seal"}, // never another adapter, never config
	{"config", "adapters core authflow !*/*test !*/*/*test"},
	{"cmd", "adapters core authflow config"}, // nobody imports cmd
}

// libraries says which files may import a library: those below a folder, or of a name.
var libraries = []struct{ path, only string }{
	{"github.com/bwmarrin/discordgo", "adapters/discord cmd/bench"}, // which has bare handlers to compare with
	{"github.com/slack-go/slack", "adapters/slack cmd/bench"},
	{"github.com/go-telegram-bot-api/telegram-bot-api", "adapters/telegram cmd/bench"},
	{"github.com/zitadel/oidc", interop},
	{"github.com/luikyv/go-oidc", interop},
	{"github.com/prometheus", "cmd/usher"},
	{"github.com/jackc/pgx", "core/store/sqlstore core/store/storetest/pgtest"},
	{"go.uber.org/fx", "cmd module.go module_test.go"},
	{"golang.org/x/oauth2", "cmd/bench"}, // to compare with
}

// platforms may not be named in core and authflow, not even in a comment; their tests may.
// Some are services to sign in to as well, and named where those are.
var (
	platforms = []string{"discord", "slack", "telegram"}
	services  = []string{"authflow/provider", "authflow/authtest"}
)

// nameless are folder names that say nothing about what is inside.
var nameless = strings.Fields("internal pkg utils util types manager common helpers misc service")

func TestImports(t *testing.T) {
	complain(t, badImports(sources(t)))
}

func TestLibrariesStayInTheirPlace(t *testing.T) {
	complain(t, badLibraries(sources(t)))
}

func TestNoPlatformIsNamed(t *testing.T) {
	complain(t, badNames(sources(t)))
}

func TestFolders(t *testing.T) {
	complain(t, badFolders(sources(t)))
}

// probe is a file and what a check must say of it.
type probe struct {
	name string
	file goFile
	want string // a part of the one complaint; empty: none
}

func prove(t *testing.T, check func([]goFile) []string, probes []probe) {
	for _, p := range probes {
		t.Run(p.name, func(t *testing.T) {
			got := check([]goFile{p.file})
			switch {
			case p.want == "" && len(got) != 0:
				t.Errorf("got %q, want no complaint", got)
			case p.want != "" && (len(got) != 1 || !strings.Contains(got[0], p.want)):
				t.Errorf("got %q, want one complaint with %q", got, p.want)
			}
		})
	}
}

// TestImportRules shows that each row forbids something and permits what is meant.
func TestImportRules(t *testing.T) {
	prove(t, badImports, []probe{
		{"markup", using("core/markup/parse.go", "core/seal"), "core/markup may not import core/seal"},
		{"seal", using("core/seal/seal.go", "core/store"), "core/seal may not import core/store"},
		{"store", using("core/store/store.go", "core/seal"), "may not import core/seal"},
		{"one store's way", using("core/store/sqlstore/open.go", "core/store", "core/seal"), ""},
		{"a store's server", using("core/store/storetest/pgtest/pgtest.go", "core/seal"), "may not import core/seal"},
		{"another store", using("core/store/sqlstore/open.go", "core/store/storetest"), "may not"},
		{"core down", using("core/login.go", "authflow", "core/markup", "core/seal", "core/store"), ""},
		{"core up", using("core/bot.go", "adapters/slack"), "core may not import adapters/slack"},
		{"core to a provider", using("core/bot.go", "authflow/provider"), "may not"},
		{"core to its tests", using("core/bot.go", "core/coretest"), "may not"},
		{"new folder in core", using("core/extra/a.go", "config"), "core/extra may not"},
		{"coretest down", using("core/coretest/chat.go", "core", "core/coretest/pipe", "authflow/authtest"), ""},
		{"coretest up", using("core/coretest/chat.go", "adapters/adaptertest"), "may not"},
		{"coretest to config", using("core/coretest/chat.go", "config"), "may not"},
		{"reach", using("core/reach/reach.go", "core"), ""},
		{"reach to the store", using("core/reach/reach.go", "core/store"), "core/reach may not"},
		{"pipe", using("core/coretest/pipe/pipe.go", "core"), "core/coretest/pipe may not"},
		{"stand", using("core/coretest/stand/place.go", "core/coretest/pipe"), ""},
		{"stand to the chat", using("core/coretest/stand/place.go", "core/coretest"), "core/coretest/stand may not"},
		{"authflow up", using("authflow/flow.go", "core"), "authflow may not import core"},
		{"interop", using("authflow/interop/world_test.go", "authflow/provider", "core/store/sqlstore", "adapters/bottest"), ""},
		{"interop to config", using("authflow/interop/world_test.go", "config"), "authflow/interop may not import config"},
		{"interop to cmd", using("authflow/interop/world_test.go", "cmd/usher"), "authflow/interop may not import cmd/usher"},
		{"authflow to interop", using("authflow/flow.go", "authflow/interop"), "may not"},
		{"provider", using("authflow/provider/github.go", "core/store"), "may not"},
		{"authtest", using("authflow/authtest/server.go", "authflow", "core/coretest/pipe"), ""},
		{"authtest to the chat", using("authflow/authtest/server.go", "core/coretest"), "may not"},
		{"adapter down", using("adapters/slack/render.go", "core", "core/markup", "core/reach", "core/seal"), ""},
		{"adapter sideways", using("adapters/slack/render.go", "adapters/discord"), "may not"},
		{"adapter to the store", using("adapters/slack/adapter.go", "core/store"), "may not"},
		{"adapter to config", using("adapters/slack/adapter.go", "config"), "may not"},
		{"fake", using("adapters/slack/slacktest/server.go", "adapters/slack", "core", "core/coretest/stand"), ""},
		{"fake of another", using("adapters/slack/slacktest/server.go", "adapters/discord"), "may not"},
		{"suite down", using("adapters/adaptertest/run.go", "core/coretest", "authflow/authtest"), ""},
		{"suite up", using("adapters/adaptertest/run.go", "adapters/slack"), "may not"},
		{"all platforms", using("adapters/bottest/bot.go", "adapters/slack/slacktest", "authflow/authtest"), ""},
		{"all platforms to config", using("adapters/bottest/bot.go", "config"), "may not"},
		{"config down", using("config/config.go", "adapters/slack", "core/store/sqlstore", "authflow/provider"), ""},
		{"config to a fake", using("config/config.go", "adapters/slack/slacktest"), "may not"},
		{"config to a suite", using("config/config.go", "adapters/adaptertest"), "may not"},
		{"config to pipe", using("config/config.go", "core/coretest/pipe"), "may not"},
		{"cmd", using("cmd/playground/main.go", "config", "adapters/slack/slacktest"), ""},
		{"cmd to cmd", using("cmd/bench/main.go", "cmd/usher"), "may not"},
		{"test", using("core/seal/seal_test.go", "adapters/slack", "config"), ""},
		{"test of cmd", using("core/bot_test.go", "cmd/usher"), "core may not import cmd/usher"},
		{"no row", using("extra/extra.go"), "extra is not in the table"},
		{"the root", using("usher.go"), ". is not in the table"},
		{"others' packages", goFile{path: "core/seal/seal.go", imports: []string{"crypto/aes"}}, ""},
	})
}

func TestLibraryRules(t *testing.T) {
	const (
		fx     = "go.uber.org/fx"
		lib    = "github.com/slack-go/slack/socketmode"
		dgo    = "github.com/bwmarrin/discordgo"
		tgb    = "github.com/go-telegram-bot-api/telegram-bot-api/v5"
		oauth2 = "golang.org/x/oauth2"
		prom   = "github.com/prometheus/client_golang/prometheus"
		op     = "github.com/zitadel/oidc/v3/pkg/op"
	)
	prove(t, badLibraries, []probe{
		{"library at home", goFile{path: "adapters/slack/slacktest/a.go", imports: []string{lib}}, ""},
		{"library abroad", goFile{path: "adapters/discord/a.go", imports: []string{lib}}, "may not import " + lib},
		{"another library abroad", goFile{path: "adapters/bottest/a.go", imports: []string{dgo}}, "may not import " + dgo},
		{"a version abroad", goFile{path: "core/coretest/a.go", imports: []string{tgb}}, "may not import " + tgb},
		{"library in a test", goFile{path: "core/bot_test.go", imports: []string{lib}}, "may not"},
		{"a library to compare with", goFile{path: "cmd/bench/a.go", imports: []string{oauth2}}, ""},
		{"the same for use", goFile{path: "authflow/a.go", imports: []string{oauth2}}, "may not import " + oauth2},
		{"a server of others", goFile{path: "authflow/interop/zitadel_test.go", imports: []string{op}}, ""},
		{"a server of others in a test", goFile{path: "authflow/story_test.go", imports: []string{op}}, "may not import " + op},
		{"metrics where they are served", goFile{path: "cmd/usher/metrics.go", imports: []string{prom}}, ""},
		{"metrics where they are counted", goFile{path: "authflow/stats.go", imports: []string{prom}}, "may not import " + prom},
		{"fx in a module", goFile{path: "core/module.go", imports: []string{fx}}, ""},
		{"fx in cmd", goFile{path: "cmd/usher/wire.go", imports: []string{fx}}, ""},
		{"fx elsewhere", goFile{path: "core/bot.go", imports: []string{fx}}, "core/bot.go may not"},
	})
}

func TestNameRules(t *testing.T) {
	prove(t, badNames, []probe{
		{"named in core", goFile{path: "core/fit.go", text: "package core\n// as on Slack"}, "core/fit.go:2 names slack"},
		{"named in authflow", goFile{path: "authflow/a.go", text: `const p = "telegram"`}, "authflow/a.go:1"},
		{"named in a name", goFile{path: "core/a.go", text: "type viaDiscord struct{}"}, "names discord"},
		{"named in a test", goFile{path: "core/fit_test.go", text: `"slack"`}, ""},
		{"named in its adapter", goFile{path: "adapters/slack/doc.go", text: "package slack"}, ""},
		{"a service to sign in to", goFile{path: "authflow/provider/slack.go", text: "package provider // Slack"}, ""},
	})
}

func TestFolderRules(t *testing.T) {
	prove(t, badFolders, []probe{
		{"nameless", goFile{path: "core/utils/a.go"}, `core/utils/a.go: "utils" says nothing`},
		{"nameless above", goFile{path: "internal/seal/a.go"}, `"internal"`},
		{"nameless in part", goFile{path: "core/commonmark/a.go"}, ""},
		{"code as data", goFile{path: "core/testdata/a.go"}, "core/testdata/a.go: no Go in testdata"},
	})
}

// goFile is what the rules look at in a Go file. Its path starts at the module's root.
type goFile struct {
	path, text string
	imports    []string
}

func (f goFile) test() bool { return strings.HasSuffix(f.path, "_test.go") }

// using is a file that imports packages of ours.
func using(path string, pkgs ...string) goFile {
	f := goFile{path: path}
	for _, p := range pkgs {
		f.imports = append(f.imports, modulePath+p)
	}
	return f
}

// badImports complains about imports of ours that the table does not allow.
func badImports(files []goFile) (bad []string) {
	for _, f := range files {
		from := path.Dir(f.path)
		may, known := allowed(f)
		if !known {
			bad = append(bad, f.path+": "+from+" is not in the table of rules")
			continue
		}
		for _, imported := range f.imports {
			pkg, ours := strings.CutPrefix(imported, modulePath)
			if ours && !permits(may, from, pkg) {
				bad = append(bad, f.path+": "+from+" may not import "+pkg)
			}
		}
	}
	return bad
}

// allowed is what f's row of the table says.
func allowed(f goFile) (may string, known bool) {
	if f.test() && !covers(interop, f.path) {
		return "adapters authflow config core", true
	}
	for _, r := range importRules {
		if covers(r.from, path.Dir(f.path)) {
			return r.may, true
		}
	}
	return "", false
}

func permits(may, from, pkg string) bool {
	ok := false
	for pattern := range strings.FieldsSeq(strings.ReplaceAll(may, "..", path.Dir(from))) {
		if not, is := strings.CutPrefix(pattern, "!"); is && covers(not, pkg) {
			return false
		}
		ok = ok || covers(pattern, pkg)
	}
	return ok
}

// covers reports whether name is what the pattern means or, without a $, lies below that.
func covers(pattern, name string) bool {
	pattern, exact := strings.CutSuffix(pattern, "$")
	depth, parts := strings.Count(pattern, "/")+1, strings.Split(name, "/")
	if len(parts) < depth || exact && len(parts) > depth {
		return false
	}
	ok, err := path.Match(pattern, strings.Join(parts[:depth], "/"))
	return ok && err == nil
}

// badLibraries complains about libraries imported outside their place.
func badLibraries(files []goFile) (bad []string) {
	for _, f := range files {
		for _, imported := range f.imports {
			for _, lib := range libraries {
				if covers(lib.path, imported) && !placed(lib.only, f.path) {
					bad = append(bad, f.path+" may not import "+imported)
				}
			}
		}
	}
	return bad
}

func placed(places, name string) bool {
	return slices.ContainsFunc(strings.Fields(places), func(place string) bool {
		return covers(place, name) || place == path.Base(name)
	})
}

// badNames complains about platforms named where none may be known.
func badNames(files []goFile) (bad []string) {
	for _, f := range files {
		service := slices.ContainsFunc(services, func(folder string) bool { return covers(folder, f.path) })
		if f.test() || service || !covers("core", f.path) && !covers("authflow", f.path) {
			continue
		}
		for i, line := range strings.Split(strings.ToLower(f.text), "\n") {
			for _, name := range platforms {
				if strings.Contains(line, name) {
					bad = append(bad, f.path+":"+strconv.Itoa(i+1)+" names "+name)
				}
			}
		}
	}
	return bad
}

// badFolders complains about folders whose name says nothing, and about Go among test data.
func badFolders(files []goFile) (bad []string) {
	for _, f := range files {
		for folder := range strings.SplitSeq(path.Dir(f.path), "/") {
			if slices.Contains(nameless, folder) {
				bad = append(bad, f.path+": "+strconv.Quote(folder)+" says nothing about what is inside")
			}
			if folder == "testdata" {
				bad = append(bad, f.path+": no Go in testdata")
			}
		}
	}
	return bad
}

func complain(t *testing.T, bad []string) {
	t.Helper()
	for _, complaint := range bad {
		t.Error(complaint)
	}
}

// sources reads the Go files of the module and of interop.
func sources(t *testing.T) (files []goFile) {
	t.Helper()
	root := os.DirFS("..")
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && strings.HasPrefix(d.Name(), ".") && name != ".":
			return fs.SkipDir
		case path.Ext(name) != ".go":
			return nil
		}
		f, err := readGo(root, name)
		files = append(files, f)
		return err
	})
	if err != nil {
		t.Fatalf("read the module: %v", err)
	}
	if !slices.ContainsFunc(files, func(f goFile) bool { return f.path == "core/imports_test.go" }) {
		t.Fatalf("got %d files without this one, want the module's", len(files))
	}
	return files
}

func readGo(root fs.FS, name string) (goFile, error) {
	src, err := fs.ReadFile(root, name)
	if err != nil {
		return goFile{}, err
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), name, src, parser.ImportsOnly)
	if err != nil {
		return goFile{}, err
	}
	f := goFile{path: name, text: string(src)}
	for _, spec := range parsed.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return goFile{}, err
		}
		f.imports = append(f.imports, imported)
	}
	return f, nil
}
