package ingest

import (
	"context"
	"fmt"
	"slices"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

const (
	maxBeatBytes = 16 << 10
	beatChunk    = 128 // heartbeats of one transaction
)

// Beat takes a heartbeat from the bus. It does not block: heartbeats wait in memory, one a gateway, until they are written.
func (w *Worker) Beat(subject string, data []byte) {
	p, _, err := wire.ParseSubject(subject)
	if err != nil || len(data) > maxBeatBytes {
		w.stats.beatsLost.Add(1)
		return
	}
	b := &pb.Heartbeat{}
	if err := proto.Unmarshal(data, b); err != nil || b.GetProtocol() < wire.Oldest {
		w.stats.beatsLost.Add(1)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, there := w.beats[p]; !there && len(w.beats) >= maxBeats {
		w.stats.beatsLost.Add(1)
		return
	}
	w.beats[p] = Beat{Place: p, Beat: b, At: w.config.Now()}
}

// FlushBeats writes the heartbeats that wait and nudges those that run an old desired state. What could not be written
// waits on, unless a newer one came.
func (w *Worker) FlushBeats(ctx context.Context) error {
	w.mu.Lock()
	waiting := w.beats
	w.beats = make(map[home.Place]Beat, len(waiting))
	w.mu.Unlock()
	chunk := make([]Beat, 0, min(beatChunk, len(waiting)))
	var failed error
	for p, b := range waiting {
		chunk = append(chunk, b)
		delete(waiting, p)
		if len(chunk) < beatChunk && len(waiting) > 0 {
			continue
		}
		if err := w.writeBeats(ctx, chunk); err != nil {
			failed = err
			for _, b := range chunk {
				waiting[b.Place] = b
			}
			break
		}
		chunk = chunk[:0]
	}
	if failed == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for p, b := range waiting {
		if _, newer := w.beats[p]; !newer && len(w.beats) < maxBeats {
			w.beats[p] = b
		}
	}
	return fmt.Errorf("write heartbeats: %w", failed)
}

func (w *Worker) writeBeats(ctx context.Context, beats []Beat) error {
	late, err := w.late(ctx, beats)
	if err != nil {
		return err
	}
	if beats = slices.DeleteFunc(slices.Clone(beats), func(b Beat) bool { return slices.Contains(late, b.Place) }); len(beats) == 0 {
		return nil
	}
	if w.to.Beats != nil {
		if err := w.to.Beats(db.Patient(ctx), beats); err != nil {
			return err
		}
	}
	w.stats.beats.Add(uint64(len(beats)))
	runs := make(map[home.Place]uint64, len(beats))
	for _, b := range beats {
		runs[b.Place] = b.Beat.GetDesired()
	}
	if late, err = w.late(ctx, beats); err != nil { // what was erased while they were stored
		return err
	}
	var wanted map[home.Place]uint64
	err = w.db.View(ctx, func(tx *db.Tx) (err error) {
		wanted, err = w.wanted(tx, runs)
		return err
	})
	if err != nil {
		return err
	}
	for _, p := range late {
		if err := w.to.Forget(ctx, p); err != nil {
			return err
		}
	}
	w.nudge(wanted, runs)
	return nil
}

// late lists the places whose heartbeats came before their home was erased, or after it was left. The mark is set before anything is erased: of
// both that change a home's row, one finds the other.
func (w *Worker) late(ctx context.Context, beats []Beat) (out []home.Place, err error) {
	if w.to.Forget == nil {
		return nil, nil
	}
	places := make([]home.Place, len(beats))
	for i, b := range beats {
		places[i] = b.Place.OfHome()
	}
	var marks erased
	err = w.db.View(ctx, func(tx *db.Tx) error {
		marks, err = erasedOf(tx, places)
		return err
	})
	if err != nil || len(marks) == 0 {
		return nil, err
	}
	for _, b := range beats {
		if m, ok := marks[b.Place.OfHome()][""]; ok && (!b.At.After(m.At) || m.left() && b.At.Before(m.Waits)) {
			out = append(out, b.Place)
		}
	}
	return out, nil
}
