package cmd

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"nidan/policies"
)

func policyShowCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "show [REVISION]",
		Short: "Show the sets of policies that have decided",
		Long: `Lists the sets of policies that have decided; the set that began to decide last comes first. With the revision of such a set, or of a
set that waits for approval, the command writes the files of the set to standard output or, with --out, to a new folder.`,
		Args: cobra.MaximumNArgs(1),
	}
	load := withStore(c)
	out := c.Flags().String("out", "", "write the files to this new folder")
	c.RunE = func(c *cobra.Command, args []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		st, err := openToRead(c.Context(), cfg.Database)
		if err != nil {
			return err
		}
		defer st.Close()
		if len(args) == 1 {
			files, err := keptFiles(c.Context(), st, args[0])
			if err != nil {
				return err
			}
			if *out != "" {
				return writeSet(*out, files)
			}
			for _, f := range files {
				fmt.Fprintf(c.OutOrStdout(), "# %s\n\n%s\n\n", f.Path, f.Text)
			}
			return nil
		}
		all, err := st.PolicySets(c.Context())
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
		for _, p := range all {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", p.Revision, p.At.UTC().Format(time.RFC3339), plain(p.Source), plain(p.Name))
		}
		return table.Flush()
	}
	return c
}

func policyExportCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "export DIR",
		Short: "Write the policies that ship to a new folder",
		Long: `Writes the policies that ship to a new folder, with their tests and the schemas of their inputs, as a start for a team's own policies.
If the folder exists, it must be empty.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := newFolder(args[0]); err != nil {
				return err
			}
			return errors.Join(os.CopyFS(args[0], policies.Shipped()), os.CopyFS(args[0], policies.Schemas()))
		},
	}
}

func policyRollbackCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "rollback REVISION",
		Short: "Go back to a set of policies that has decided before",
		Long: `Puts the files of a set that has decided before into the folder policies.dir. Each Nidan that watches the folder then uses this set. The
files that are there now move to a folder beside it, whose name ends with the time. If your policies come as a bundle, use --out to write
the files to a new folder, build a bundle from this folder, and sign and publish it as usual.`,
		Args: cobra.ExactArgs(1),
	}
	load := withStore(c)
	out := c.Flags().String("out", "", "write the files to this new folder, and do not change policies.dir")
	c.RunE = func(c *cobra.Command, args []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		if *out == "" && cfg.Policies.Data != "" {
			return errors.New("what ships decides, with the layer of policies.data: take the layer back, or give a folder with --out, for policies.dir")
		}
		if *out == "" && cfg.Policies.Dir == "" {
			return errors.New("policies.dir is not set: give a folder with --out, and build a bundle of it (opa build --bundle)")
		}
		st, err := openToRead(c.Context(), cfg.Database)
		if err != nil {
			return err
		}
		defer st.Close()
		files, err := keptFiles(c.Context(), st, args[0])
		if err != nil {
			return err
		}
		if *out != "" {
			return writeSet(*out, files)
		}
		before, err := replaceSet(cfg.Policies.Dir, files)
		if err != nil {
			return err
		}
		fmt.Fprintf(c.OutOrStdout(), "revision %s is in %s; what was there is in %s\n", args[0], cfg.Policies.Dir, before)
		return nil
	}
	return c
}

// newFolder creates a folder, or accepts an empty one.
func newFolder(dir string) error {
	found, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if len(found) > 0 {
		return fmt.Errorf("%s is not empty: name a new folder", dir)
	}
	return os.MkdirAll(dir, 0o755)
}

// writeSet writes the files of a set to a new folder.
func writeSet(dir string, files []policies.File) error {
	if err := newFolder(dir); err != nil {
		return err
	}
	return writeFiles(dir, files)
}

func writeFiles(dir string, files []policies.File) error {
	root, err := os.OpenRoot(dir) // a file name from the database, such as "../x", cannot write outside of the folder
	if err != nil {
		return err
	}
	defer root.Close()
	for _, f := range files {
		name := filepath.FromSlash(f.Path)
		if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return fmt.Errorf("write the policies: %w", err)
		}
		if err := root.WriteFile(name, []byte(f.Text), 0o644); err != nil {
			return fmt.Errorf("write the policies: %w", err)
		}
	}
	return nil
}

// replaceSet replaces the files in a folder with a set, and returns the folder with a copy of the old files. The folder itself stays,
// because it may be a mount, and because processes watch it. For a mount, the old files cannot be renamed out of the folder, so they are
// copied, all of them before the first one is removed. A process that reads the folder meanwhile sees half a set. That set does not pass
// the gate, or the process waits until the folder stops changing.
func replaceSet(dir string, files []policies.File) (before string, err error) {
	before = filepath.Clean(dir) + ".before-" + now().UTC().Format("20060102T150405Z")
	if err := newFolder(before); err != nil {
		return "", err
	}
	found, err := os.ReadDir(dir)
	if err != nil {
		return "", fmt.Errorf("read the folder of the policies: %w", err)
	}
	if err := os.CopyFS(before, os.DirFS(dir)); err != nil {
		return "", fmt.Errorf("copy the old files of the folder of the policies: %w", err)
	}
	for _, e := range found {
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return "", fmt.Errorf("remove the old files of the folder of the policies; a copy is in %s: %w", before, err)
		}
	}
	return before, writeFiles(dir, files)
}
