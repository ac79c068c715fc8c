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

// layerToStart returns the files of the layer that "policy init" writes.
func layerToStart() (fs.FS, error) { return fs.Sub(layerFiles, "layer") }

func policyInitCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "init DIR",
		Short: "Write a first layer over the policies that ship to a new folder",
		Long: `Writes a layer over the policies that ship to a new folder: a file that names every parameter, and an example of your own rule with
its tests. At first, the layer changes nothing. Set policies.data to the folder. Parameters that the layer does not change keep the values
that ship, also after an update. If the folder exists, it must be empty.`,
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
