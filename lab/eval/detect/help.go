package detect

// Help explains the command, its labels and its JSON.
const Help = `Learns what is normal from the captures of --train, calibrates on the earlier half of --benign (by device-days) and tests on the
rest and on the attacks. Captures are pcap, pcapng and Zeek's conn.log, also gzipped; a capture is a unit (one home), and captures
that show the same device (by its Ethernet address; where not both have these, that are copies or excerpts of each other, as a log of its packets, or lie in a folder with a
file _one-home.txt) are one unit, which is never in two parts. Where calibration or test cannot be later than training the
report says so. The detectors are the gateway's own and get no list of indicators. Units of --train in which
a device surely misbehaves are not learned from, as such homes teach nobody in a fleet: those with a hard finding (with --intel also of
listed malware), and what has no labels beside a log of it that has, and tells of an attack. --despite-findings learns from them.

LABELS says which flows of a capture are malicious: a conn.log with labels that was made from it, or lines of
  family NAME | device MAC-or-IP | onset SECONDS-or-TIME | malicious ADDRESS[:PORT]-or-PREFIX      (# begins a remark)
A labelled conn.log needs none: in --attack its malicious rows are the attack, in --train and --benign they are left out and counted.
A label that is no known word is told, and its rows are neither. Without labels all that the capture's devices do is the attack. A word that is no file is the
family's name: --attack x.pcap=Mirai. Else it is what most malicious flows are labelled, or the capture's folder.

Detection is the first alert about a device of the attack, in seconds and packets from onset (the first malicious packet). Misses
take for ever: they count in median and p95 (nearest rank), and are null in JSON. An alert in a benign unit is a device-day with
any finding; device-days are the time that devices were watched, where silences of up to an hour count. Bounds are one-sided 95 %,
exact Poisson (the rule of three for none). A sham splice plays conduct of the same model (another unit's,
else the host's own of another time) and must find nothing; conduct of another model is told apart. Thresholds are made by block maximum: p of a device-day's highest score among the
calibration's. Where n device-days are too few for the budget (p >= 1/(n+1)) the threshold is the highest of calibration: so it is for
the baselines and for cardea-maximum. cardea is as a gateway runs: what too little calibrates stays silent; rules need none.

JSON, one object (schema: ` + Schema + `):
  budget       per_home_quarter, devices_per_home, p, quarter_p
  ablations    what was switched off
  split        train, calibration, test: name, files, first, last, devices, left_out: malicious_rows, unknown_rows,
               unknown_words; refused (of train): name, evidence: files, device, who, time, detector, sentence; forward_in_time, test_after_calibration (null where
               there is nothing to compare), why
  calibration  statistic, device_days, homes, floor_p, how, threshold, threshold_at_quarter, levels: p, expected, observed, of, share
  new_endpoints  device_days (after each device's first day), new_to_device, new_to_device_and_model, the same _per_day, examples
  methods      cardea, cardea-maximum, then the baselines (how: not run, of the blocklist without --intel): name, how, threshold, threshold_at_quarter, calibration_device_days, floor_p,
               benign: blocks, device_days, alerts, alerts_at_quarter, containments (each: count, per_device_day, upper_per_device_day,
                 per_home_quarter, upper_per_home_quarter), findings, detectors, examples
               families, spliced_families: family, captures, at_budget and at_quarter: detected, share, low, high,
                 seconds and packets: median, p95
               captures, splices: file, family, host, onset, labelled, malicious_flows, malicious_packets, kinds, at_budget and
                 at_quarter: detected, seconds, packets, detector, strength, contained, sentence; before_onset, others
               sham: plays, plays_of_another_unit, alerts, findings; other_model: plays, alerts, findings
  told_of_the_past  what a gateway would tell of what is long over if its devices' models were learned only afterwards (null: no profile was
               learned): units, devices (whose very model was learned, without a browser), device_days (of these), findings, devices_told,
               alerts (as above), reasons, examples; attacks, splices: file, family, host, judged, told, findings, sentence
  notes        what was left out, and what the figures do not say by themselves
  failed       what was asked for and could not be done

Exit status: 0 when all that was asked for was measured; 1 when a file that was named could not be read, a part came to nothing (all
of --train refused, no benign unit left, no attack measured, nothing spliced: the report says so under failed) or nothing was measured at all (no report);
2 for a wrong command line.`
