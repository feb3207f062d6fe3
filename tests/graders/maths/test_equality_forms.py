"""Forms of an answer that differ from the reference's by more than algebra, and what nearly is one."""

import pytest

from fairmark_graders.maths.equality import Decision, Leniency, decide
from fairmark_graders.maths.reader import read

SAME = {
    "matrices and vectors": r"""
        -I ;; \begin{pmatrix}-1&0\\0&-1\end{pmatrix}
        3I_2 ;; \begin{pmatrix}3&0\\0&3\end{pmatrix}
        A^{-1}=-\frac12\begin{pmatrix}4&-2\\-3&1\end{pmatrix} ;; \begin{bmatrix}-2&1\\ \frac32&-\frac12\end{bmatrix}
        -(1,2) ;; (-1,-2)
        −3**i** + 6**j** − 3**k** ;; (-3,6,-3)
        -\sin t\,\hat{i}+\cos t\,\hat{j}+\hat{k} ;; (-\sin t,\cos t,1)
        (2,-4)^T ;; \begin{pmatrix}2\\-4\end{pmatrix}
        \begin{pmatrix}1&2\\3&4\end{pmatrix}^T ;; \begin{pmatrix}1&3\\2&4\end{pmatrix}
    """,
    "several values": r"""
        x_1=-2 and x_2=\frac32 ;; x=1.5 \text{ or } x=-2
        x₁ = 2, x₂ = 3 ;; x_1=2, x_2=3
        y = 3 and x = 7 ;; (7,3)
    """,
    "sets": r"""
        All real numbers except $x = 2$ and $x=-2$ ;; (-\infty,-2)\cup(-2,2)\cup(2,\infty)
        all real numbers greater than or equal to 3 ;; [3,\infty)
        p must be greater than 1 ;; p>1
        It converges exactly when p is greater than 1 ;; p>1
        for 0 < x < 1 ;; (0,1)
        the interval (2,5) ;; (2,5)
        x can be any real number except 3 ;; x \ne 3
    """,
    "functions": r"""
        2\operatorname{cis}60^\circ ;; 1+i\sqrt3
        \sinh^{-1}(2) ;; \ln(2+\sqrt5)
        \operatorname{artanh}\tfrac12 ;; \frac{1}{2}\ln 3
        \binom{n}{2}-n diagonals ;; \frac{n(n-3)}{2}
        8 / log₁₀ 2 ;; \frac{8\ln 10}{\ln 2}
        \begin{cases} x & x \ge 0 \\ -x & x<0\end{cases} ;; |x|
        |x-2| ;; \begin{cases} x-2 & x \ge 2 \\ 2-x & x<2\end{cases}
        \begin{cases} x+1 & x \ge 0 \\ 1-x & x<0\end{cases} ;; |x|+1
    """,
    "roots of what is positive": r"""
        \frac{\sqrt{AP}}{P}-1 ;; \sqrt{\frac{A}{P}}-1
        \frac{\sqrt{2gh}}{g} ;; \sqrt{\frac{2h}{g}}
        2\pi\sqrt{\frac{l}{g}} ;; \frac{2\pi}{g}\sqrt{lg}
    """,
    "other bases": r"""
        0xff ;; FF_{16}
        0xFF ;; \text{FF}_{16}
        FF ;; FF_{16}
    """,
    "words around": r"""
        A, cos x ;; A
        The correct option is A, cos x ;; A
        the line is y = 2x + 1 ;; 2x - y = -1
        the rate is r=\frac{A}{P}-1 ;; \frac{A}{P}-1
        the point (2,3) ;; (2,3)
        the matrix \begin{pmatrix}1&2\\3&4\end{pmatrix} ;; \begin{pmatrix}1&2\\3&4\end{pmatrix}
        \text{max}=5 ;; 5
        Ana is 13 years old ;; 13
        5 (five) ;; 5
    """,
    "chains": r"""
        7^{100}=(7^4)^{25}\equiv 1 \pmod{10} ;; 1
        V=\frac13\pi r^2h=\frac13\pi\cdot9\cdot4=12\pi ;; 12\pi
        \bar{x}=\frac{12+15+18}{3}=\frac{45}{3}=15 ;; 15
        16π ≈ 50.27 square units ;; 16\pi
        t=\log_{1.06}2\approx 11.9 years ;; \frac{\ln 2}{\ln 1.06}
        17/3 ≈ 6 ;; 6
        f^{\prime}(x)=2e^{2x} ;; 2e^{2x}
    """,
    "distances, sums over an index": r"""
        |x-3|<2 ;; (1,5)
        -1<x<3 ;; |x-1|<2
        |x-1|<2 ;; -1<x<3
        0<|x-2|<1 ;; (1,2)\cup(2,3)
        a<-2 or a>2 ;; a^2>4
        |x| \le 3 ;; x^2 \le 9
        |3-x|<2 ;; (1,5)
        |x-3|>2 ;; (-\infty,1)\cup(5,\infty)
        \sum_{n=0}^{\infty}(-1)^n x^n ;; \sum_{k=0}^\infty (-x)^k
        \sum_{n=1}^\infty \frac{(-1)^{n+1}x^n}{n} ;; \sum_{n=0}^\infty \frac{(-1)^n x^{n+1}}{n+1}
        \sum_{n=1}^{10} n^2 ;; \sum_{k=0}^{9} (k+1)^2
        x\equiv 3 \pmod 7 ;; 3 \bmod 7
        \zeta(2)=\pi^2/6 ;; \frac{\pi^{2}}{6}
        13{:}15 ;; 1:15 p.m.
    """,
    "letters before brackets": r"""
        L=g\left(\frac{T}{2\pi}\right)^2 ;; \frac{gT^2}{4\pi^2}
        h(a+b) ;; ah+bh
    """,
    "left as people leave it": r"""
        16+0i ;; 16
        1-\left(\tfrac12\right)^{10} ;; \frac{1023}{1024}
        2^{10}-1 ;; 1023
    """,
    "congruences": r"""
        x\equiv 23\pmod{15} ;; x\equiv 8\pmod{15}
        3 ;; 3 \pmod 7
        n \equiv \pm 1 \pmod 6 ;; 1 or 5 mod 6
        n = 6k \pm 1 ;; n \equiv 1, 5 \pmod 6
        x = 7k+3 ;; x\equiv 3 \pmod 7
        \{7k+3 \mid k \in \mathbb{Z}\} ;; x\equiv 3 \pmod 7
        3+7\mathbb{Z} ;; x\equiv 3 \pmod 7
        odd ;; x \equiv 1,3,5,7 \pmod 8
        all odd integers ;; n = 2k+1, k \in \mathbb{Z}
        n \equiv 1 \pmod 2 ;; n is odd
        n is a multiple of 3 ;; 3 \mid n
        3 \mid n ;; n \equiv 0 \pmod 3
        n is divisible by 4 ;; n = 4k, k \in \mathbb{Z}
        x leaves a remainder of 3 when divided by 7 ;; x\equiv 3 \pmod 7
    """,
    "pieces in words": r"""
        f(x) = x if x >= 0, -x if x < 0 ;; |x|
        x if x≥0, otherwise -x ;; |x|
        x^2 if x>0, else 0 ;; \begin{cases}x^2 & x>0\\0 & x\le 0\end{cases}
        0 for x<0, x^2 for 0\le x\le 1, 1 for x>1 ;; \begin{cases}0,&x<0\\x^2,&0\le x\le 1\\1,&x>1\end{cases}
        F(x) = 0 if x<0; x^2 if 0\le x\le 1; 1 if x>1 ;; \begin{cases}0,&x<0\\x^2,&0\le x\le 1\\1,&x>1\end{cases}
        0 for x<0, x^2 for 0\le x\le 1, and 1 otherwise ;; \begin{cases}0,&x<0\\x^2,&0\le x\le 1\\1,&x>1\end{cases}
        x \equiv 1 \pmod 6 or x \equiv 5 \pmod 6 ;; x \equiv 1, 5 \pmod 6
    """,
    "any constant": r"""
        f(t) = ct for all real t, where c is any real constant ;; f(x)=ax, a\in\mathbb{R}
        f(x) = cx ;; f(x)=ax, a\in\mathbb{R}
        f(x) = kx for some constant k ;; f(x)=cx
        f(x) = kx + c ;; f(x)=ax+b, a,b\in\mathbb{R}
        f(x)=ax+b, where a, b are constants ;; f(x)=cx+d
        y=Ae^{2x}, where A is an arbitrary constant ;; y = Ce^{2x}
    """,
    "margins": r"""
        50\pm 3.92 ;; (46.08, 53.92)
        \mu = 50 \pm 3.92 ;; 46.08 < \mu < 53.92
        [46.08, 53.92] ;; 50 \pm 3.92
        46.08 \le x \le 53.92 ;; 50 \pm 3.92
        2 \pm \sqrt3 ;; [2-\sqrt3, 2+\sqrt3]
    """,
    "integers in a row": r"""
        -3\le n\le 3 ;; -3,-2,-1,0,1,2,3
        1\le n\le 4, n\in\mathbb{Z} ;; \{1,2,3,4\}
        1,2,3,4 ;; \{x\in\mathbb{N}: x<5\}
        0 \le n < 5, n \in \mathbb{Z} ;; -1<n\le 4, n\in\mathbb{Z}
        \{-1,0,1\} ;; \{n\in\mathbb{Z}: -2<n<2\}
        1, 2, ..., 10 ;; 1 \le n \le 10, n\in\mathbb{N}
        1, 3, 5, \ldots, 99 ;; \{1, 3, \dots, 97, 99\}
    """,
    "formulas": r"""
        y = 2x+1 ;; 2x - y = -1
        t = \frac{PV}{nR} ;; T=\frac{PV}{nR}
        r=5, q=7 ;; q=7, r=5
        7^{100}=(7^4)^{25}\equiv 1 ;; 1
    """,
    "what they are values of": r"""
        y'=2x ;; \frac{dy}{dx}=2x
        f'(x)=2x ;; y'=2x
        F'(x)=2x ;; f(x)=2x
        f'(2)=3 ;; m=3
        v(t)=2t ;; x'(t)=2t
        \frac{d}{dx}f(x)=2x ;; f'(x)=2x
        \frac{d}{dx}x^2=2x ;; 2x
        g(t)=t^2+1 ;; g(x)=x^2+1
        \vec v=(1,2) ;; \mathbf{v}=(1,2)
        (x,y)=(1,2) ;; P=(1,2)
        A^2=\begin{pmatrix}1&2\\3&4\end{pmatrix} ;; \begin{pmatrix}1&2\\3&4\end{pmatrix}
        2, 3 ;; a=2, b=3
    """,
    "conditions": r"""
        (2t,3t), t\ge0 ;; (2t,3t)
        2x, x>0 ;; 2x
        (1,0,2)+t(2,1,-1), t\in\mathbb{R} ;; (1,0,2)+t(2,1,-1)
        \frac\pi3+2k\pi, k\in\mathbb{Z} ;; \frac\pi3+2k\pi
    """,
    "quotients": r"""
        \frac{x^2-1}{2} ;; \frac12x^2-\frac12
        \frac{(n+2)!}{n!} ;; (n+1)(n+2)
        \frac{x^2-1}{x} ;; x-\frac1x
        \frac{x^2+x}{x-1} ;; \frac{x(x+1)}{x-1}
        \frac{x^{n+1}}{x^n} ;; x
        x^{1/2}x^{3/2} ;; x^2
    """,
    "families in braces": r"""
        x\in\{\frac\pi3+2k\pi : k\in\mathbb{Z}\} ;; x=\frac{\pi}{3}+2\pi n, n\in\mathbb{Z}
        x\in\{x : x > 2\} ;; x > 2
    """,
    "what is put by given letters": r"""
        \log_8 9=\frac{2a}{3} ;; \frac{2}{3}a
        \sin 40^\circ=2k\sqrt{1-k^2} ;; 2k\sqrt{1-k^2}
    """,
    "lines and level curves": r"""
        2y=\pm 3x ;; y=\pm\frac{3}{2}x
        3x\pm2y=0 ;; y=\pm\frac{3}{2}x
        2y=3x \text{ and } 2y=-3x ;; y=\pm\frac{3}{2}x
        y-1=\pm\frac34(x-2) ;; y=1\pm\frac34(x-2)
        4(y-1)=\pm3(x-2) ;; y-1=\pm\frac34(x-2)
        x^2-y^2=K ;; y^2=x^2+C
        y^2-x^2=2C ;; y^2=x^2+C
        xy=C ;; y=\frac{C}{x}
        x^3+y^3=3K ;; x^3+y^3=C
    """,
}


ANOTHER = {
    "families in braces": r"""
        x\in\{\frac\pi3+k\pi : k\in\mathbb{Z}\} ;; x=\frac{\pi}{3}+2\pi n, n\in\mathbb{Z}
        x\in\{x : x > 2\} ;; x > 3
    """,
    "what is put by given letters": r"""
        \log_8 9=\frac{a}{3} ;; \frac{2}{3}a
        \log_8 9=\frac{2a}{3} ;; \log_8 3=\frac{2}{3}a
        \sqrt{2}=x+1 ;; x=\sqrt2-1
    """,
    "lines and level curves": r"""
        3x+2y=0 ;; y=\pm\frac{3}{2}x
        2y=\pm3x ;; y=\frac32 x
        2y=\pm3x+1 ;; y=\pm\frac32 x
        3x-2y=0, 3x-2y=0 ;; y=\pm\frac32 x
        x^2+y^2=K ;; y^2=x^2+C
        x^2-y^2=5 ;; y^2=x^2+C
        y^2=x^2+C^2x ;; y^2=x^2+C
        ax+by=2C ;; ax+by=C
        P+2C=R ;; P+C=R
        C=\frac{Q}{V} ;; V=\frac{Q}{C}
    """,
    "what they are values of": r"""
        f'(x)=x^2 ;; f(x)=x^2
        f'(x)=x^2 ;; y=x^2
        y=x^2 ;; f'(x)=x^2
        \frac{d}{dx}f(x)=2x ;; f(x)=2x
        f'(2)=5 ;; f(2)=5
        f'(2)=5 ;; f'(3)=5
        \frac{dy}{dx}=2x ;; \frac{d^2y}{dx^2}=2x
        \frac{dy}{dx}=2x ;; \frac{dx}{dy}=2x
        \frac{\partial f}{\partial y}=2x ;; \frac{\partial f}{\partial x}=2x
        f(y)=x^2 ;; f(x)=x^2
        A^2=\begin{pmatrix}1&2\\3&4\end{pmatrix} ;; A=\begin{pmatrix}1&2\\3&4\end{pmatrix}
        B=\begin{pmatrix}1&2\\3&4\end{pmatrix} ;; A=\begin{pmatrix}1&2\\3&4\end{pmatrix}
        Q=(1,2) ;; P=(1,2)
        2=2, b=3 ;; m=2, b=3
        a=5, b=5 ;; 5
        \overline{5} ;; 5
        \Re(5+i) ;; 5
    """,
    "conditions": r"""
        (1+2t,t,2-t), t>0 ;; (1,0,2)+t(2,1,-1)
        (1,0,2)+t(2,1,-1) ;; (1+2t,t,2-t), 0\le t\le1
        \frac\pi3+2k\pi, k\in\{0,1\} ;; \frac\pi3+2k\pi
        \frac\pi3+2k\pi, k\ge0 ;; \frac\pi3+2k\pi
        5 \forall 6 ;; 5
    """,
    "and, or": r"""
        \neg p\wedge\neg q ;; \neg p\vee\neg q
        p\wedge q ;; p\vee q
        \text{I or III} ;; \text{I and III}
    """,
    "quotients": r"""
        \frac{x^2-1}{x-1} ;; x+1
        f(x)=\frac{x^3-x}{x} ;; x^2-1
        \frac{2x}{x} ;; 2
        \frac{a^2-b^2}{a-b} ;; a+b
        (x^2-4)(x+2)^{-1} ;; x-2
        \frac{1}{x+2}(x^2-4) ;; x-2
    """,
    "matrices and vectors": r"""
        I ;; \begin{pmatrix}-1&0\\0&-1\end{pmatrix}
        I_3 ;; \begin{pmatrix}1&0\\0&1\end{pmatrix}
        2A ;; \begin{pmatrix}2&0\\0&2\end{pmatrix}
        A^2 = 4 ;; 4
        -(1,2) ;; (1,2)
    """,
    "several values": r"""
        x_1=-2 and x_2=\frac32 ;; x=1.5 \text{ or } x=2
        x_1=-2 and y_2=\frac32 ;; x=1.5 \text{ or } x=-2
        x=-2 and y=\frac32 ;; x=1.5 \text{ or } x=-2
        y = 3 and x = 7 ;; (3,7)
    """,
    "sets": r"""
        All real numbers except x = 2 and x = 3 ;; x \ne 2
        all real numbers less than 3 ;; (3,\infty)
        p must be less than 1 ;; p>1
        It diverges when p > 1 ;; p>1
    """,
    "functions": r"""
        2\operatorname{cis}30^\circ ;; 1+i\sqrt3
        \binom{n}{2}+n diagonals ;; \frac{n(n-3)}{2}
        \begin{cases} x & x > 0\end{cases} ;; |x|
        \begin{cases} x & x \ge 1 \\ -x & x<1\end{cases} ;; |x|
        \begin{cases} x & x < 0 \\ -x & x \ge 0\end{cases} ;; |x|
    """,
    "roots of what may be negative": r"""
        -\frac{\sqrt{AP}}{P} ;; \sqrt{\frac{A}{P}}
        2\pi\sqrt{\frac{l}{g}} ;; \frac{2\pi}{l}\sqrt{lg}
        \sqrt{x^2+y^2} ;; x+y
        \sqrt{a^4b^2} ;; a^2b
    """,
    "other bases": r"""
        0xFE ;; FF_{16}
        FE ;; FF_{16}
        255 ;; \text{FF}_{16}
    """,
    "words around": r"""
        A, cos x ;; B
        A, B ;; A
        The correct option is B ;; A
        the line y = 2x + 1 ;; 2x - y = 1
        \text{max}=6 ;; 5
        Ana is 13 years old ;; 14
        5 (six) ;; 5
    """,
    "chains": r"""
        7^{100}\equiv 3 \pmod{10} ;; 1
        V=\frac13\pi r^2h=\frac13\pi\cdot9\cdot5=12\pi ;; 12\pi
        \bar z=3-4i ;; 3-4i
        16π ≈ 51.27 ;; 16\pi
        \pi \approx 3.2 ;; \pi
        12\pi \approx 37.7 cm^3 ;; 12\pi m^3
        17/3 ≈ 7 ;; 7
        2.5 ≈ 3 ;; 2.6
        f^{\prime}(x)=2e^{2x} ;; f(x)=2e^{x}
    """,
    "distances, sums over an index": r"""
        |x-3|\le2 ;; (1,5)
        |x+3|<2 ;; (1,5)
        |2x-6|<4 ;; (1,5)
        |x-1|<3 ;; -2<x<5
        |x-1|\le 3 ;; -2<x<4
        0<|x-2|<1 ;; (1,3)
        x^2>4 ;; a<-2 or a>2
        a>2 ;; a^2>4
        |x|<3 ;; x^2\le 9
        \sum_{n=1}^\infty \frac{(-1)^{n}x^n}{n} ;; \sum_{n=0}^\infty \frac{(-1)^n x^{n+1}}{n+1}
        \sum_{n=0}^\infty \frac{x^n}{n!} ;; \sum_{k=0}^{10} \frac{x^k}{k!}
        \sum_{n=1}^{10} n^2 ;; \sum_{k=0}^{10} (k+1)^2
        \zeta(2)=\pi^2/8 ;; \frac{\pi^{2}}{6}
    """,
    "letters before brackets": r"""
        L=g\left(\frac{T}{\pi}\right)^2 ;; \frac{gT^2}{4\pi^2}
        h(a+b) ;; ah+b
    """,
    "left to be worked out": r"""
        16+1 ;; 17
        1+2^2 ;; 5
        2^3+2^4 ;; 24
        \sinh^{-1}(2) ;; \frac{1}{\sinh 2}
    """,
    "congruences": r"""
        x=8 ;; x\equiv 8\pmod{15}
        n \equiv 1 \pmod 6 ;; 1 or 5 mod 6
        n \equiv 1, 4 \pmod 6 ;; 1 or 5 mod 6
        y = 7k+3 ;; x\equiv 3 \pmod 7
        x\equiv 3 \pmod{14} ;; x\equiv 3 \pmod 7
        odd ;; x \equiv 1,3,5 \pmod 8
        even ;; n \equiv 1 \pmod 2
        n is not odd ;; n \equiv 1 \pmod 2
        multiples of 4 ;; n \equiv 0 \pmod 2
        not divisible by 3 ;; n \equiv 0 \pmod 3
        n \mid 3 ;; 3 \mid n
        7 ;; multiples of 7
        all integers ;; n \equiv 0 \pmod 2
        x=7k+3, k\in\mathbb{N} ;; x \equiv 3 \pmod 7
        odd ;; 1
        4 \mid n ;; 2 \mid n
        x\equiv 8\pmod{15} ;; 8
    """,
    "pieces in words": r"""
        f(x) = x if x >= 0, x if x < 0 ;; |x|
        x if x≥0, otherwise x ;; |x|
        0 for x<0, x for 0\le x\le 1, and 1 otherwise ;; \begin{cases}0,&x<0\\x^2,&0\le x\le 1\\1,&x>1\end{cases}
        0 for x<0, x^2 for 0\le x\le 2, and 1 otherwise ;; \begin{cases}0,&x<0\\x^2,&0\le x\le 1\\1,&x>1\end{cases}
        x \equiv 1 \pmod 6 or x \equiv 4 \pmod 6 ;; x \equiv 1, 5 \pmod 6
        5 if x > 0, 6 otherwise ;; 5
        5 if x > 0 ;; 6
        6 if x>0, 5 otherwise ;; 5
    """,
    "any constant": r"""
        f(x) = cx^2 ;; f(x)=ax, a\in\mathbb{R}
        f(x) = x ;; f(x)=ax, a\in\mathbb{R}
        f(x) = 2x ;; f(x)=ax, a\in\mathbb{R}
        f(x) = ax, a\in\mathbb{R} ;; f(x)=x
        f(x) = ax ;; f(x)=ax+b, a,b\in\mathbb{R}
        f(x) = c, c\in\mathbb{R} ;; f(x) = cx, c\in\mathbb{R}
        f(x) = ax + a, a\in\mathbb{R} ;; f(x)=ax+b, a,b\in\mathbb{R}
        f(t) = t, t\in\mathbb{R} ;; f(x) = cx, c\in\mathbb{R}
    """,
    "margins": r"""
        50 \pm 3.29 ;; (46.08, 53.92)
        50 \pm 3.92 ;; (46.08, 54.92)
        50 \pm 3.92 ;; \{46.08, 50\}
        (46.08, 53.9) ;; 50 \pm 3.92
        50 ;; 50 \pm 3.92
    """,
    "integers in a row": r"""
        -3\le n\le 3 ;; -3,-2,-1,1,2,3
        -3<n<3 ;; -3,-2,-1,0,1,2,3
        -4<n<4 ;; -3,-2,-1,0,1,2,3
        1\le n\le 2 ;; 1, 2
        1\le x\le 5 ;; 1, 2, 3, 4, 5
        [1,5] ;; 1,2,3,4,5
        1\le n\le 4, n\in\mathbb{R} ;; \{1,2,3,4\}
        1, 3, 5, \ldots, 99 ;; 1, 2, 3, \ldots, 99
        1, 2, \ldots, 10 ;; 1, 2, \ldots, 11
        1, 2, 4, \ldots, 64 ;; 1, 2, 3, \ldots, 64
        1 \le n \le 3 ;; (1,2,3)
        0 < x < 4 ;; \{1,2,3\}
    """,
    "formulas": r"""
        P=\frac{nRT}{V} ;; T=\frac{PV}{nR}
        x=\frac{6-3y}{2} ;; y=\frac{6-2x}{3}
        y = 2x+1 ;; x=\frac{y-1}{2}
        A=\pi r^2 ;; r=\sqrt{A/\pi}
        the quotient is 5 and the remainder is 7 ;; q=7, r=5
        5, 7 ;; q=7, r=5
        \frac{\sqrt{2}}{2} \cdot \sqrt{2} ;; 1
    """,
}


def cases(tables: dict[str, str]) -> list[list[str]]:
    lines = [line.strip() for table in tables.values() for line in table.splitlines() if line.strip()]
    return [line.split(" ;; ") for line in lines]


def decided(answer: str, reference: str) -> Decision:
    return decide(read(answer), read(reference), Leniency())


@pytest.mark.parametrize(("answer", "reference"), cases(SAME))
def test_another_form_of_the_same_is_equal(answer: str, reference: str) -> None:
    assert decided(answer, reference).equal is True


@pytest.mark.parametrize(("answer", "reference"), cases(ANOTHER))
def test_what_has_the_form_and_says_another_thing_is_not(answer: str, reference: str) -> None:
    assert decided(answer, reference).equal is not True
