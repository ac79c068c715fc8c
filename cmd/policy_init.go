package cmd

import (
	"embed"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"
)

//go:embed layer
var layerFiles embed.FS

// layerToStart is a layer to begin with.
func layerToStart() (fs.FS, error) { return fs.Sub(layerFiles, "layer") }

func policyInitCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "init DIR",
		Short: "Write a layer over the policies that ship, to begin with, to a new folder",
		Long: `Writes a layer over the policies that ship to a new folder: a file that names every parameter, and a rule of one's own with its
tests. As it is, it changes nothing. Set policies.data to it: what it does not name stays as it ships, also after an update. A folder
that is there has to be empty.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := newFolder(args[0]); err != nil {
				return err
			}
			files, err := layerToStart()
			if err == nil {
				err = os.CopyFS(args[0], files)
			}
			if err != nil {
				return fmt.Errorf("write the layer: %w", err)
			}
			fmt.Fprintf(c.OutOrStdout(), "a layer to begin with is in %[1]s: change it, try it with \"nidan policy check %[1]s\", and set policies.data to it\n", args[0])
			return nil
		},
	}
}
