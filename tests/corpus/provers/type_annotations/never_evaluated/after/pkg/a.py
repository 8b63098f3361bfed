from __future__ import annotations


class Box:
    @property
    def lid(self) -> Lid | None:
        return None
