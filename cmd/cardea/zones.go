package main

import _ "time/tzdata" // the cloud tells gateways the offsets of their homes' time zones, also on a machine without a table of them
