package sqlstore

import (
	"context"
	"encoding/hex"
	"regexp"

	"github.com/tideover/tideover/vault"
)

// dialect is where the two databases differ.
type dialect struct {
	postgres bool
	// set rewrites "{column in $n}", the one thing in our SQL that is not SQL.
	set string
	// forUpdate and forShare follow a SELECT in an Update.
	forUpdate, forShare string
	// classify translates an error of the driver; see errors.go.
	classify func(error) class
}

// setPattern is "{column in $n}": the column's value is one of a set of
// identifiers, of any size, in one parameter.
var setPattern = regexp.MustCompile(`\{(\S+) in (\$\d+)\}`)

func sqliteDialect() dialect {
	return dialect{
		set:      `$1 IN (SELECT unhex(value) FROM json_each($2))`,
		classify: classifySQLite,
	}
}

func postgresDialect() dialect {
	return dialect{
		postgres:  true,
		set:       `$1 = ANY($2)`,
		forUpdate: " FOR UPDATE",
		forShare:  " FOR SHARE",
		classify:  classifyPostgres,
	}
}

// text returns the query as this database wants it.
func (d dialect) text(query string) string {
	// $1 and $2 are the pattern's groups, not parameters; the second group
	// brings its own dollar sign.
	return setPattern.ReplaceAllString(query, d.set)
}

// ids returns the parameter for "{column in $n}".
func (d dialect) ids(list []vault.ID) any {
	if d.postgres {
		out := make([][]byte, len(list))
		for i := range list {
			out[i] = list[i][:]
		}
		return out
	}
	b := make([]byte, 0, 2+35*len(list))
	b = append(b, '[')
	for i := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = hex.AppendEncode(b, list[i][:])
		b = append(b, '"')
	}
	return string(append(b, ']'))
}

// context returns the context for statements: SQLite never gets one that a
// request can cancel. What bounds its waiting is busyTimeout.
func (d dialect) context(ctx context.Context) context.Context {
	if d.postgres {
		return ctx
	}
	return context.WithoutCancel(ctx)
}
