"""The slices whose events are in the log of the tracker."""

from domain.slices import PLATFORM, TRACKER

SLICES = (*PLATFORM, *TRACKER)
