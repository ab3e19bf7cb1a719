package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
)

// maxStatements bounds how many parsed statements a connection to SQLite keeps.
const maxStatements = 256

// keeper makes connections to SQLite that keep the statements they have parsed: parsing took a third of the time of storing.
type keeper struct {
	driver driver.Driver
	url    string
}

// keeping opens a pool of such connections.
func keeping(url string) (*sql.DB, error) {
	plain, err := sql.Open("sqlite", url)
	if err != nil {
		return nil, err
	}
	k := keeper{plain.Driver(), url}
	return sql.OpenDB(k), plain.Close() // it has no connection yet
}

// Driver is SQLite's own.
func (k keeper) Driver() driver.Driver { return k.driver }

// Connect opens a connection.
func (k keeper) Connect(context.Context) (driver.Conn, error) {
	c, err := k.driver.Open(k.url)
	if err != nil {
		return nil, err
	}
	return &keptConn{conn: c.(conn), kept: map[string]*keptStmt{}}, nil
}

// conn is what SQLite's connections can do.
type conn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

type stmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// keptConn is used by one goroutine at a time, as database/sql promises.
type keptConn struct {
	conn
	kept map[string]*keptStmt // by text
}

type keptStmt struct {
	stmt
	open bool // its rows are being read: it can do nothing else meanwhile
}

// statement is the kept one of a text, parsed now if it is new. nil: its rows are being read.
func (c *keptConn) statement(ctx context.Context, q string) (*keptStmt, error) {
	if s := c.kept[q]; s != nil {
		if s.open {
			return nil, nil
		}
		return s, nil
	}
	if err := c.makeRoom(); err != nil {
		return nil, err
	}
	parsed, err := c.PrepareContext(ctx, q)
	if err != nil {
		return nil, err
	}
	s := &keptStmt{stmt: parsed.(stmt)}
	c.kept[q] = s
	return s, nil
}

// makeRoom forgets any statement when there are too many.
func (c *keptConn) makeRoom() error {
	if len(c.kept) < maxStatements {
		return nil
	}
	for q, s := range c.kept {
		if !s.open {
			delete(c.kept, q)
			return s.Close()
		}
	}
	return nil
}

// ExecContext runs a statement that is kept.
func (c *keptConn) ExecContext(ctx context.Context, q string, args []driver.NamedValue) (driver.Result, error) {
	s, err := c.statement(ctx, q)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.conn.ExecContext(ctx, q, args)
	}
	return s.ExecContext(ctx, args)
}

// QueryContext reads by a statement that is kept.
func (c *keptConn) QueryContext(ctx context.Context, q string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := c.statement(ctx, q)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.conn.QueryContext(ctx, q, args)
	}
	rows, err := s.QueryContext(ctx, args)
	if err != nil {
		return nil, err
	}
	s.open = true
	return &keptRows{rows, s}, nil
}

// Close ends the connection.
func (c *keptConn) Close() error {
	for q, s := range c.kept {
		_ = s.Close() // the connection goes too
		delete(c.kept, q)
	}
	return c.conn.Close()
}

type keptRows struct {
	driver.Rows
	of *keptStmt
}

// Close frees the statement.
func (r *keptRows) Close() error {
	r.of.open = false
	return r.Rows.Close()
}
