package rollout

import (
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"cardea/internal/platform/db"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// sign brings all metadata up to date. changed: targets have changed. It must run within write.
func (r *Rollout) sign(tx *db.Tx, changed bool) error {
	moved, err := r.signRoot(tx)
	if err != nil {
		return fmt.Errorf("sign root: %w", err)
	}
	again := changed || moved
	if again, err = r.signTargets(tx, again); err != nil {
		return fmt.Errorf("sign targets: %w", err)
	}
	if again, err = r.signSnapshot(tx, again); err != nil {
		return fmt.Errorf("sign snapshot: %w", err)
	}
	if err = r.signTimestamp(tx, again); err != nil {
		return fmt.Errorf("sign timestamp: %w", err)
	}
	return nil
}

// due says whether a role's metadata has to be signed again.
func (r *Rollout) due(expires time.Time, life time.Duration) bool {
	return expires.Sub(r.now()) < life/2
}

func (r *Rollout) expiry(life time.Duration) time.Time {
	return r.now().UTC().Add(life).Truncate(time.Second)
}

// signRoot makes a new root when there is none, when keys have changed or when it gets old. moved: keys have changed.
func (r *Rollout) signRoot(tx *db.Tx) (moved bool, err error) {
	_, data, err := readRole(tx, metadata.ROOT)
	if err != nil {
		return false, err
	}
	next := metadata.Root(r.expiry(lifeRoot))
	if err := r.trust(next); err != nil {
		return false, err
	}
	signers := []ed25519.PrivateKey{r.keys.Root}
	if data != nil {
		now, err := metadata.Root().FromBytes(data)
		if err != nil {
			return false, err
		}
		moved = !sameKeys(&now.Signed, &next.Signed)
		if !moved && (!r.due(now.Signed.Expires, lifeRoot) || r.keys.Root == nil) {
			return false, nil
		}
		next.Signed.Version = now.Signed.Version + 1
		if r.keys.OldRoot != nil {
			signers = append(signers, r.keys.OldRoot)
		}
		if err := mayFollow(now, signers); err != nil {
			return false, err
		}
	}
	if r.keys.Root == nil {
		return false, errors.New("the root key is not here, and without it no other key can be made known")
	}
	return moved, store(r, tx, metadata.ROOT, next, next.Signed.Version, next.Signed.Expires, signers...)
}

// trust names the roles' keys in a root. Without a root key the one that is in the database stays (see sameKeys).
func (r *Rollout) trust(root *metadata.Metadata[metadata.RootType]) error {
	for _, role := range metadata.TOP_LEVEL_ROLE_NAMES {
		private := r.keys.of(role)
		if private == nil && role == metadata.ROOT {
			continue
		}
		if private == nil {
			return fmt.Errorf("the key of %s is missing", role)
		}
		key, _, err := tufKey(private)
		if err != nil {
			return err
		}
		if err := root.Signed.AddKey(key, role); err != nil {
			return err
		}
	}
	return nil
}

// sameKeys says whether two roots name the same keys. One that names no root key has any.
func sameKeys(was, is *metadata.RootType) bool {
	for _, role := range metadata.TOP_LEVEL_ROLE_NAMES {
		a, b := was.Roles[role], is.Roles[role]
		if role == metadata.ROOT && len(b.KeyIDs) == 0 {
			continue
		}
		if len(a.KeyIDs) != 1 || len(b.KeyIDs) != 1 || a.KeyIDs[0] != b.KeyIDs[0] {
			return false
		}
	}
	return true
}

// mayFollow says why gateways that trust a root would not take one with these signatures.
func mayFollow(now *metadata.Metadata[metadata.RootType], signers []ed25519.PrivateKey) error {
	for _, s := range signers {
		if s == nil {
			continue
		}
		_, id, err := tufKey(s)
		if err != nil {
			return err
		}
		for _, trusted := range now.Signed.Roles[metadata.ROOT].KeyIDs {
			if trusted == id {
				return nil
			}
		}
	}
	return errors.New("the key that signed the root is not here: gateways would not believe another")
}

// wholeCustom is what a whole bundle's target says beside its hash.
type wholeCustom struct {
	Version  int64  `json:"version"`
	TextHash string `json:"text_sha256"`
	TextSize int64  `json:"text_size"`
}

func (r *Rollout) signTargets(tx *db.Tx, again bool) (bool, error) {
	version, data, err := readRole(tx, metadata.TARGETS)
	if err != nil {
		return false, err
	}
	if data != nil && !again {
		now, err := metadata.Targets().FromBytes(data)
		if err != nil {
			return false, err
		}
		if !r.due(now.Signed.Expires, lifeTargets) {
			return false, nil
		}
	}
	next := metadata.Targets(r.expiry(lifeTargets))
	next.Signed.Version = version + 1
	all, err := readBundles(tx, "", 1<<20)
	if err != nil {
		return false, err
	}
	stay, err := wanted(tx)
	if err != nil {
		return false, err
	}
	seen, here := map[string]int{}, map[int64]bool{}
	for i, b := range all { // by name, the newest of each first
		if seen[b.name] == 0 {
			end := i + 1
			for end < len(all) && all[end].name == b.name {
				end++
			}
			here = standing(all[i:end], stay[family(b.name)])
		}
		whole := b.wholePath != "" && (seen[b.name] == 0 || here[b.version])
		from := "" // lists and files of one's own follow one another; a program may be here from elsewhere
		if family(b.name) == Agent && i+1 < len(all) && all[i+1].name == b.name {
			from = all[i+1].textHash
		}
		if err := b.addTargets(next.Signed.Targets, whole, seen[b.name] < keepDeltas, from); err != nil {
			return false, err
		}
		seen[b.name]++
	}
	return true, store(r, tx, metadata.TARGETS, next, next.Signed.Version, next.Signed.Expires, r.keys.Targets)
}

// addTargets names the bundle's files.
func (b *bundle) addTargets(to map[string]*metadata.TargetFiles, whole, delta bool, from string) error {
	add := func(kind, sum string, size int64, custom *json.RawMessage) error {
		h, err := hex.DecodeString(sum)
		path := b.name + "/" + kind + "-" + strconv.FormatInt(b.version, 10)
		to[path] = &metadata.TargetFiles{Path: path, Length: size, Hashes: metadata.Hashes{"sha256": h}, Custom: custom}
		return err
	}
	if delta && b.deltaPath != "" {
		var custom *json.RawMessage
		if from != "" {
			text, err := json.Marshal(map[string]string{"from_sha256": from})
			if err != nil {
				return err
			}
			custom = (*json.RawMessage)(&text)
		}
		if err := add("delta", b.deltaHash, b.deltaSize, custom); err != nil {
			return err
		}
	}
	if !whole {
		return nil
	}
	text, err := json.Marshal(wholeCustom{b.version, b.textHash, b.textSize})
	if err != nil {
		return err
	}
	return add("whole", b.wholeHash, b.wholeSize, (*json.RawMessage)(&text))
}

func (r *Rollout) signSnapshot(tx *db.Tx, again bool) (bool, error) {
	version, data, err := readRole(tx, metadata.SNAPSHOT)
	if err != nil {
		return false, err
	}
	if data != nil && !again {
		now, err := metadata.Snapshot().FromBytes(data)
		if err != nil {
			return false, err
		}
		if !r.due(now.Signed.Expires, lifeSnapshot) {
			return false, nil
		}
	}
	next := metadata.Snapshot(r.expiry(lifeSnapshot))
	next.Signed.Version = version + 1
	if next.Signed.Meta["targets.json"], err = metaFile(tx, metadata.TARGETS); err != nil {
		return false, err
	}
	return true, store(r, tx, metadata.SNAPSHOT, next, next.Signed.Version, next.Signed.Expires, r.keys.Snapshot)
}

func (r *Rollout) signTimestamp(tx *db.Tx, again bool) error {
	version, data, err := readRole(tx, metadata.TIMESTAMP)
	if err != nil {
		return err
	}
	if data != nil && !again {
		now, err := metadata.Timestamp().FromBytes(data)
		if err != nil {
			return err
		}
		if !r.due(now.Signed.Expires, lifeTimestamp) {
			return nil
		}
	}
	next := metadata.Timestamp(r.expiry(lifeTimestamp))
	next.Signed.Version = version + 1
	if next.Signed.Meta["snapshot.json"], err = metaFile(tx, metadata.SNAPSHOT); err != nil {
		return err
	}
	return store(r, tx, metadata.TIMESTAMP, next, next.Signed.Version, next.Signed.Expires, r.keys.Timestamp)
}

// metaFile describes a role's present file.
func metaFile(tx *db.Tx, role string) (*metadata.MetaFiles, error) {
	version, data, err := readRole(tx, role)
	if err != nil {
		return nil, err
	}
	sum, err := hex.DecodeString(hash(data))
	return &metadata.MetaFiles{Version: version, Length: int64(len(data)), Hashes: metadata.Hashes{"sha256": sum}}, err
}

// store signs metadata and makes it the role's present one.
func store[T metadata.Roles](r *Rollout, tx *db.Tx, role string, m *metadata.Metadata[T], version int64, expires time.Time,
	signers ...ed25519.PrivateKey) error {
	for _, private := range signers {
		s, err := signature.LoadED25519Signer(private)
		if err != nil {
			return err
		}
		if _, err := m.Sign(s); err != nil {
			return err
		}
	}
	data, err := m.ToBytes(false)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`INSERT INTO rollout_role (role, version, expires, data) VALUES (?, ?, ?, ?)
		ON CONFLICT (role) DO UPDATE SET version = excluded.version, expires = excluded.expires, data = excluded.data`,
		role, version, expires.UnixMilli(), data); err != nil {
		return err
	}
	path := "metadata/" + role + ".json"
	if role != metadata.TIMESTAMP {
		path = fmt.Sprintf("metadata/%d.%s.json", version, role)
	}
	if err := r.writeFile(tx, path, data); err != nil {
		return err
	}
	if old := version - keepMetadata; old > 0 && (role == metadata.SNAPSHOT || role == metadata.TARGETS) {
		return removeFile(tx, fmt.Sprintf("metadata/%d.%s.json", old, role))
	}
	return nil
}

// keepMetadata is how many older versions of snapshot and targets stay: a client between two requests may still ask for one.
const keepMetadata = 8
