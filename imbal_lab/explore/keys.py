"""Keys that belong to a widget, in a notebook that would take them for itself.

JupyterLab takes arrows and letters for the notebook, even from a menu that has the focus: an
arrow leaves the cell, and "d d" deletes it. An attribute of the element that has the focus keeps
its hands off. Core widgets cannot set it; an element inside does, when it is first shown. In other
front ends, and where a page forbids scripts, it does nothing.
"""

KEYS_ARE_OURS = """<style>@keyframes imbal-lab-shown { from { opacity: 0.99 } }</style>
<span style="animation: imbal-lab-shown 1ms"
onanimationstart="this.closest('.widget-vbox').addEventListener('focusin',
event => { event.target.dataset.lmSuppressShortcuts = 'true' })"></span>"""
