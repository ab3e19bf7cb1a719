package rollout

import (
	"crypto/sha256"
	"encoding/hex"

	"cardea/internal/platform/db"
)

// chunkSize is how a file is cut into rows.
const chunkSize = 128 << 10

func hash(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

func (r *Rollout) writeFile(tx *db.Tx, path string, data []byte) error {
	if err := removeFile(tx, path); err != nil {
		return err
	}
	if _, err := tx.Exec(`INSERT INTO rollout_file (path, size, made) VALUES (?, ?, ?)`,
		path, int64(len(data)), r.now().UnixMilli()); err != nil {
		return err
	}
	for part := 0; len(data) > 0; part++ {
		n := min(len(data), chunkSize)
		if _, err := tx.Exec(`INSERT INTO rollout_chunk (path, part, data) VALUES (?, ?, ?)`, path, int64(part), data[:n]); err != nil {
			return err
		}
		data = data[n:]
	}
	return nil
}

func removeFile(tx *db.Tx, path string) error {
	if _, err := tx.Exec(`DELETE FROM rollout_chunk WHERE path = ?`, path); err != nil {
		return err
	}
	_, err := tx.Exec(`DELETE FROM rollout_file WHERE path = ?`, path)
	return err
}

func readFile(tx *db.Tx, path string, offset int64, limit int) (data []byte, size int64, err error) {
	if err := tx.Row(`SELECT size FROM rollout_file WHERE path = ?`, path).Scan(&size); err != nil {
		if db.NoRows(err) {
			return nil, 0, nil
		}
		return nil, 0, err
	}
	end := min(size, offset+int64(limit))
	if offset >= end {
		return nil, size, nil
	}
	rows, err := tx.Query(`SELECT data FROM rollout_chunk WHERE path = ? AND part >= ? AND part <= ? ORDER BY part`,
		path, offset/chunkSize, (end-1)/chunkSize)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		var part []byte
		if err := rows.Scan(&part); err != nil {
			return nil, 0, err
		}
		data = append(data, part...)
	}
	skip := offset % chunkSize
	return data[min(skip, int64(len(data))):min(skip+end-offset, int64(len(data)))], size, rows.Err()
}

// readRole gives the newest metadata of a role; nil when there is none.
func readRole(tx *db.Tx, role string) (version int64, data []byte, err error) {
	err = tx.Row(`SELECT version, data FROM rollout_role WHERE role = ?`, role).Scan(&version, &data)
	if db.NoRows(err) {
		return 0, nil, nil
	}
	return version, data, err
}

// bundle is a row of rollout_bundle.
type bundle struct {
	name                 string
	version, made        int64
	textHash             string
	textSize             int64
	wholePath, wholeHash string
	wholeSize            int64
	deltaPath, deltaHash string
	deltaSize            int64
}

const bundleColumns = `name, version, made, text_hash, text_size, whole_path, whole_hash, whole_size, delta_path, delta_hash, delta_size`

// readBundles gives the newest versions of a bundle, the newest first; of all bundles when name is "".
func readBundles(tx *db.Tx, name string, most int) ([]bundle, error) {
	rows, err := tx.Query(`SELECT `+bundleColumns+` FROM rollout_bundle WHERE name = ? OR ? = '' ORDER BY name, version DESC LIMIT ?`,
		name, name, int64(most))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	var out []bundle
	for rows.Next() {
		var b bundle
		if err := rows.Scan(&b.name, &b.version, &b.made, &b.textHash, &b.textSize, &b.wholePath, &b.wholeHash, &b.wholeSize,
			&b.deltaPath, &b.deltaHash, &b.deltaSize); err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, rows.Err()
}

func (b *bundle) insert(tx *db.Tx) error {
	_, err := tx.Exec(`INSERT INTO rollout_bundle (`+bundleColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		b.name, b.version, b.made, b.textHash, b.textSize, b.wholePath, b.wholeHash, b.wholeSize, b.deltaPath, b.deltaHash, b.deltaSize)
	return err
}

// trim removes files that are too old to be of use.
func trim(tx *db.Tx, name string) error {
	all, err := readBundles(tx, name, 1<<20)
	if err != nil {
		return err
	}
	stay, err := wanted(tx)
	if err != nil {
		return err
	}
	here := standing(all, stay[family(name)])
	for i, b := range all {
		if here[b.version] {
			continue
		}
		if i >= keepWholes && b.wholePath != "" {
			if err := removeFile(tx, b.wholePath); err != nil {
				return err
			}
			if _, err := tx.Exec(`UPDATE rollout_bundle SET whole_path = '' WHERE name = ? AND version = ?`, name, b.version); err != nil {
				return err
			}
		}
		if i > keepDeltas {
			if err := removeFile(tx, b.deltaPath); err != nil {
				return err
			}
			if _, err := tx.Exec(`DELETE FROM rollout_bundle WHERE name = ? AND version = ?`, name, b.version); err != nil {
				return err
			}
		}
	}
	return nil
}
