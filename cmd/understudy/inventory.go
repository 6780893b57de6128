package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"text/tabwriter"
	"time"

	"github.com/understudy-dev/understudy/internal/kernel"
)

type inventoryCommand struct {
	Live bool `help:"Leave out what does not work."`
	JSON bool `name:"json" help:"Print what the control API answers."`
	target
}

// Run prints who can log in at the running server now, and why the others cannot.
func (cmd inventoryCommand) Run(ctx context.Context, s streams) error {
	path := "/_understudy/inventory"
	if cmd.Live {
		path += "?live=true"
	}
	return cmd.get(ctx, path, func(r *http.Response) error {
		if cmd.JSON {
			_, err := io.Copy(s.out, r.Body)
			return err
		}
		var body struct{ Credentials []kernel.Credential }
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			return err
		}
		return printInventory(s.out, body.Credentials)
	})
}

func printInventory(w io.Writer, all []kernel.Credential) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "PROVIDER\tKIND\tID\tOWNER\tEXPIRES\tUSES\tNOW")
	for _, k := range all {
		now, expires, uses := "works", "never", fmt.Sprint(k.Uses)
		if !k.Live {
			now = k.Reason
		}
		if !k.Expires.IsZero() {
			expires = k.Expires.Format(time.RFC3339)
		}
		if k.Limit > 0 {
			uses = fmt.Sprintf("%d of %d", k.Uses, k.Limit)
		}
		owner := k.Owner.Kind + " " + k.Owner.ID
		if k.Owner.Name != "" {
			owner += " (" + k.Owner.Name + ")"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", k.Provider, k.Kind, k.ID, owner, expires, uses, now)
	}
	return table.Flush()
}
