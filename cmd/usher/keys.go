package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/usherbot/usher/config"
	"github.com/usherbot/usher/core"
	"github.com/usherbot/usher/core/store/sqlstore"
)

const aboutRotate = `Seal all that is stored with the new secret, while the bot runs. To change the
secret:

  1. Set USHER_SECRET to what "usher secret" prints and USHER_SECRET_PREVIOUS to
     the old secret, and start the bot again. Several bots on one store must not
     meet what they cannot open: start each of them with the new secret as the
     previous one first, and then the other way round.
  2. Run "usher keys rotate" with the same settings. It can be ended at any time:
     run again, it goes on where it was.
  3. Remove USHER_SECRET_PREVIOUS and start the bot again. Buttons that were shown
     before the change do nothing from then on. The last of them, [Not me], are
     good for 30 days: wait that long, unless somebody else knows the old secret.`

// keysCommand is what can be done about the keys that seal the store.
func keysCommand(environ []string) *cobra.Command {
	var file string
	rotation := &cobra.Command{
		Use:   "rotate",
		Short: "Seal all that is stored with the new secret",
		Long:  aboutRotate,
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return rotate(c.Context(), environ, file, c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	rotation.Flags().StringVar(&file, "env-file", "", "`FILE` of settings to read instead of .env")
	c := &cobra.Command{
		Use:   "keys",
		Short: "Change the secret that seals the store",
		RunE: func(*cobra.Command, []string) error {
			return errors.New("what about the keys? To change the secret: usher keys rotate --help")
		},
	}
	c.AddCommand(rotation)
	return c
}

// rotate seals all that is stored with the new secret and says how far it is.
func rotate(ctx context.Context, environ []string, file string, out, errs io.Writer) (err error) {
	c, err := config.Load(environ, file)
	if err != nil {
		return err
	}
	if c.Previous == "" {
		return errors.New("USHER_SECRET_PREVIOUS is missing, so there is nothing to change; see usher keys rotate --help")
	}
	keys, err := c.Keys()
	if err != nil {
		return err
	}
	db, err := sqlstore.OpenBeside(ctx, c.Store.Name.Reveal())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	so := tally{out: out, printed: time.Now(), resealed: map[string]int{}}
	lost, err := core.Rotate(ctx, db, keys, so.count)
	so.print(so.in...)
	if err != nil {
		return fmt.Errorf("seal with the new secret: %w; run this again to go on", err)
	}
	for _, l := range lost {
		fmt.Fprintln(errs, l)
	}
	if n := len(lost); n > 0 {
		return fmt.Errorf("neither secret opens the above (%d); it was left as it is. If another secret came before these, "+
			"run this again with that one as USHER_SECRET_PREVIOUS", n)
	}
	fmt.Fprintln(out, "Nothing needs the previous secret any more. USHER_SECRET_PREVIOUS may be removed now; "+
		"buttons that were shown before the change then do nothing.")
	return nil
}

// tally is how far a rotation is.
type tally struct {
	out      io.Writer
	printed  time.Time
	in       []string
	resealed map[string]int
}

// count prints a line a second, so that a large store is seen to move.
func (t *tally) count(in string, resealed int) {
	if _, known := t.resealed[in]; !known {
		t.in = append(t.in, in)
	}
	t.resealed[in] = resealed
	if time.Since(t.printed) > time.Second {
		t.print(in)
	}
}

func (t *tally) print(kinds ...string) {
	for _, in := range kinds {
		fmt.Fprintf(t.out, "%-12s %8d sealed anew\n", in, t.resealed[in])
	}
	t.printed = time.Now()
}
