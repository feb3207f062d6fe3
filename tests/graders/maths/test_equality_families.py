"""Families with parameters: solutions for every integer, points on lines and planes; and what nearly is one."""

import pytest

from fairmark_graders.maths.equality import Decision, Leniency, decide
from fairmark_graders.maths.reader import read

SAME = r"""
    x = 2 - 5t and y = -1 + 3t for any integer t ;; x=2+5k,\ y=-1-3k,\ k\in\mathbb{Z}
    x = 7 - 5t, y = -4 + 3t, t \in \mathbb{Z} ;; x=2+5k,\ y=-1-3k,\ k\in\mathbb{Z}
    (x,y,z) = (s, s, 3-2s), s \in \mathbb{R} ;; (t,t,3-2t),\ t\in\mathbb{R}
    (s, s, 3-2s) ;; (t,t,3-2t)
    (\frac{3-s}{2}, \frac{3-s}{2}, s), s \in \mathbb{R} ;; (t,t,3-2t),\ t\in\mathbb{R}
    \langle 1+2s,\ 2,\ 3-s\rangle ;; \mathbf r=(1,2,3)+t(2,0,-1)
    (3,2,2)+s(-4,0,2) ;; \mathbf r=(1,2,3)+t(2,0,-1)
    \vec r = \begin{pmatrix}1\\2\\3\end{pmatrix}+\lambda\begin{pmatrix}2\\0\\-1\end{pmatrix} ;; (1+2t,2,3-t)
    x=1+2t, y=2, z=3-t ;; \mathbf r=(1,2,3)+s(2,0,-1)
    (1-s-t, s, t), s,t\in\mathbb{R} ;; (a, b, 1-a-b), a,b \in \mathbb{R}
    (\cos s, \sin s) ;; (\cos t,\sin t)
    x \equiv 6 \pmod 7 ;; x=7k+6,\ k\in\mathbb{Z}
    x=7k-1,\ k\in\mathbb{Z} ;; x \equiv 6 \pmod 7
    x \equiv 1, 5 \pmod 6 ;; x = 6k \pm 1, k \in \mathbb{Z}
    \frac{5\pi}{4}+n\pi ;; \frac{\pi}{4}+n\pi
    x = \frac{\pi}{6}+2\pi k \text{ or } x=\frac{5\pi}{6}+2\pi k, k∈ℤ ;; x=(-1)^n\frac{\pi}{6}+n\pi, n∈ℤ
    span{(1,0,-1),(0,1,-1)} ;; \operatorname{span}\{(-1,1,0),(-1,0,1)\}
    \text{span}\left\{\begin{pmatrix}2\\4\end{pmatrix}\right\} ;; \operatorname{span}\{(1,2)\}
    \{4k+1 : k\in\mathbb Z\} ;; 4m-3,\ m\in\mathbb{Z}
    \{4k+1 : k\in\mathbb Z\} ;; \{4m-3 : m\in\mathbb Z\}
    x=n\pi,\ n\in\mathbb{Z} ;; \{k\pi\mid k\in\mathbb{Z}\}
    \{(-3t,6t,3t):t\in\mathbb{R}\} ;; t(1,-2,-1),\ t\in\mathbb{R}
    \frac{x-1}{2}=\frac{y-2}{3}=\frac{z-3}{4} ;; (1,2,3)+t(2,3,4)
    \frac{x+1}{-2}=\frac{y+1}{-3}=\frac{z+1}{-4} ;; \frac{x-1}{2}=\frac{y-2}{3}=\frac{z-3}{4}
    x=3+2s, y=5+3s, z=7+4s ;; \frac{x-1}{2}=\frac{y-2}{3}=\frac{z-3}{4}
    x = t, y = 2t, z = 3t ;; x=\frac y2=\frac z3
    \frac{x-1}{2}=\frac{y-2}{3}, z=3 ;; (1,2,3)+t(2,3,0)
    \mathbf r=(1,0,2)+t(2,1,-1) ;; \frac{x-3}{2}=y-1=1-z
    t(1,-1), t\in\mathbb{R} ;; \operatorname{span}\{(1,-1)\}
    c\begin{pmatrix}1\\-1\end{pmatrix} ;; \operatorname{span}\{(2,-2)\}
    \{(t,-t):t\in\mathbb{R}\} ;; \operatorname{span}\{(1,-1)\}
    span{(1,0,1),(0,1,1)} ;; s(1,0,1)+t(0,1,1), s,t\in\mathbb{R}
    span(2,-2) ;; \operatorname{span}\{(1,-1)\}
    k(2,-2) ;; t(1,-1), t\in\mathbb{R}
    c(1,2), c \ne 0 ;; k(2,4), k\ne0
    x=(-1)^{n+1}\frac{\pi}{6}+n\pi, n∈ℤ ;; x = -\frac{\pi}{6}+2\pi k \text{ or } x=\frac{7\pi}{6}+2\pi k, k∈ℤ
"""

ANOTHER = r"""
    span{(1,0,-1),(0,1,1)} ;; \operatorname{span}\{(-1,1,0),(-1,0,1)\}
    \frac{x-1}{2}=\frac{y-2}{3}=\frac{z-3}{4} ;; (1,2,3)+t(2,3,5)
    \frac{x-1}{2}=\frac{y-2}{3}=\frac{z+3}{4} ;; x=1+2t, y=2+3t, z=3+4t
    \frac{x-2}{1}=\frac{y-3}{2}=\frac{z-4}{3} ;; (1,2,3)+t(2,3,4)
    \frac{x-1}{2}=\frac{y-2}{3} ;; (1,2,3)+t(2,3,4)
    t(1,1), t \in \mathbb{R} ;; \operatorname{span}\{(1,-1)\}
    t(1,-1), t \in \mathbb{Z} ;; \operatorname{span}\{(1,-1)\}
    (1,0)+t(1,-1) ;; \operatorname{span}\{(1,-1)\}
    (2,-2) ;; \operatorname{span}\{(1,-1)\}
    (2,-2) ;; (1,-1)
    (4t, 6s) ;; t(2, 3)
    span(1,0) ;; span{(1,0),(0,1)}
    \frac{x}{2}=\frac{y}{3} ;; \frac{x}{3}=\frac{y}{2}
    x=y=z ;; x=1, y=1, z=1
    span{(1,0,-1)} ;; \operatorname{span}\{(-1,1,0),(-1,0,1)\}
    \{4k+1 : k\in\mathbb Z\} ;; 4m-1,\ m\in\mathbb{Z}
    \{4k+1 : k\in\mathbb Z\} ;; 4m+1
    x=2n\pi,\ n\in\mathbb{Z} ;; \{k\pi\mid k\in\mathbb{Z}\}
    \{(-3t,6t,3t):t\in\mathbb{Z}\} ;; t(1,-2,-1),\ t\in\mathbb{R}
    \{(-3t,6t,t):t\in\mathbb{R}\} ;; t(1,-2,-1),\ t\in\mathbb{R}
    x = -1 + 3t, y = 2 - 5t, t \in \mathbb{Z} ;; x=2+5k,\ y=-1-3k,\ k\in\mathbb{Z}
    x = 2 + 5t, y = -1 + 3t, t \in \mathbb{Z} ;; x=2+5k,\ y=-1-3k,\ k\in\mathbb{Z}
    x = 2 + 10t, y = -1 - 6t, t \in \mathbb{Z} ;; x=2+5k,\ y=-1-3k,\ k\in\mathbb{Z}
    x = 3 + 5t, y = -1 - 3t, t \in \mathbb{Z} ;; x=2+5k,\ y=-1-3k,\ k\in\mathbb{Z}
    x = 2 - 5t, y = -1 + 3t, t \in \mathbb{R} ;; x=2+5k,\ y=-1-3k,\ k\in\mathbb{Z}
    (s, s, 3+2s), s \in \mathbb{R} ;; (t,t,3-2t),\ t\in\mathbb{R}
    (s, t, 3-2t), s,t \in \mathbb{R} ;; (t,t,3-2t),\ t\in\mathbb{R}
    (1,2,4)+s(2,0,-1) ;; \mathbf r=(1,2,3)+t(2,0,-1)
    (4t, 6t) ;; (2t, 3t)
    (4s, 6s) ;; (2t, 3t)
    (a, 2a) ;; (b, 2b)
    x \equiv 5 \pmod 7 ;; x=7k+6,\ k\in\mathbb{Z}
    x \equiv 6 \pmod{14} ;; x=7k+6,\ k\in\mathbb{Z}
    n\pi ;; (n-2)\pi
    180n ;; 180(n-2)
    n\pi ;; (n+1)\pi
    \frac{3\pi}{4}+n\pi ;; \frac{\pi}{4}+n\pi
    \frac{\pi}{4}+2n\pi ;; \frac{\pi}{4}+n\pi
    a_n = \frac{5\pi}{4}+n\pi ;; a_n = \frac{\pi}{4}+n\pi
    k+1 ;; n+1
    2k ;; 2n
    x=(-1)^n\frac{\pi}{3}+n\pi,\ n\in\mathbb{Z} ;; x=(-1)^n\frac{\pi}{6}+n\pi,\ n\in\mathbb{Z}
    x = \frac{\pi}{6}+2\pi k,\ k\in\mathbb{Z} ;; x=(-1)^n\frac{\pi}{6}+n\pi,\ n\in\mathbb{Z}
"""


def pairs(table: str) -> list[list[str]]:
    return [line.strip().split(" ;; ") for line in table.splitlines() if line.strip()]


def decided(answer: str, reference: str) -> Decision:
    return decide(read(answer), read(reference), Leniency())


@pytest.mark.parametrize(("answer", "reference"), pairs(SAME))
def test_a_family_is_what_it_runs_through(answer: str, reference: str) -> None:
    assert decided(answer, reference).equal is True


@pytest.mark.parametrize(("answer", "reference"), pairs(ANOTHER))
def test_another_family_or_a_formula_is_different(answer: str, reference: str) -> None:
    assert decided(answer, reference).equal is not True
